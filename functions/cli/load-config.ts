import { readFile } from 'node:fs/promises';
import { type ReadText, readConfigText } from '../core/config/config-text.ts';
import type { Environment, Override } from '../core/config/environment.ts';
import type { Findings } from '../core/config/findings.ts';
import { type ParsedConfig, parseConfig } from '../core/config/parse-config.ts';
import type { Problem } from '../core/config/problems.ts';
import { systemReason } from './failure.ts';

/** A configuration with notes about it, or all that is wrong with it. */
export type LoadedConfig = ParsedConfig & Pick<Findings, 'notes'>;

/**
 * Reads the configuration from a file (if there is one), variables and options, and checks that the
 * files it names can be read. Reports all problems at once; does not reject.
 */
export async function loadConfig(
  file: string | undefined,
  environment: Environment,
  options: readonly Override[],
): Promise<LoadedConfig> {
  const text = file === undefined ? { ok: {}, duplicates: [] } : await readJson(file);
  if ('problems' in text) return { ...text, notes: [] };
  const { files, ...parsed } = parseConfig(text.ok, environment, options);
  const problems = [
    ...text.duplicates,
    ...('problems' in parsed ? parsed.problems : []),
    ...(await Promise.all(Array.from(files, ([path, named]) => fileProblem(path, named)))).flat(),
  ];
  return problems.length === 0 ? parsed : { problems, notes: [] };
}

/** Reads the JSON of a configuration file without interpreting it. Does not reject. */
export async function readJson(file: string): Promise<ReadText> {
  try {
    return readConfigText(file, await readFile(file, 'utf8'));
  } catch (error) {
    return { problems: [{ path: file, message: `cannot read the file: ${systemReason(error)}` }] };
  }
}

async function fileProblem(path: string, file: string): Promise<Problem[]> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.trim() === '') return [{ path, message: `the file ${file} is empty` }];
    const isWrong = /[._]ca$/i.test(path) && !text.includes('-----BEGIN CERTIFICATE-----');
    return isWrong ? [{ path, message: `the file ${file} has no certificate in PEM` }] : [];
  } catch (error) {
    return [{ path, message: `cannot read the file ${file}: ${systemReason(error)}` }];
  }
}
