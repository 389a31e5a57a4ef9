import { readFile } from 'node:fs/promises';
import { type ReadText, readConfigText } from '../core/config/config-text.ts';
import type { Environment, Override } from '../core/config/environment.ts';
import { type ParsedConfig, parseConfig } from '../core/config/parse-config.ts';
import type { Problem } from '../core/config/problems.ts';
import type { Config } from '../core/config/resolve.ts';
import { systemReason } from './failure.ts';

/**
 * Reads the configuration from a file (if there is one), variables and options, and checks that the
 * files it names can be read. Reports all problems at once; does not reject.
 */
export async function loadConfig(
  file: string | undefined,
  environment: Environment,
  options: readonly Override[],
): Promise<ParsedConfig> {
  const json = file === undefined ? { ok: {} } : await readJson(file);
  if ('problems' in json) return json;
  const parsed = parseConfig(json.ok, environment, options);
  if ('problems' in parsed) return parsed;
  const problems = await fileProblems(parsed.ok);
  return problems.length === 0 ? parsed : { problems };
}

/** Reads the JSON of a configuration file without interpreting it. Does not reject. */
export async function readJson(file: string): Promise<ReadText> {
  try {
    return readConfigText(file, await readFile(file, 'utf8'));
  } catch (error) {
    return { problems: [{ path: file, message: unreadable(error) }] };
  }
}

async function fileProblems({ tls, upstreams }: Config): Promise<Problem[]> {
  const files = new Map<string, string>(
    Object.entries(tls ?? {}).map(([key, file]) => [`tls.${key}`, file]),
  );
  for (const [name, { ca, credentials }] of upstreams) {
    if (ca !== undefined && !ca.includes('-----BEGIN')) files.set(`upstreams.${name}.ca`, ca);
    if (credentials === undefined || !('file' in credentials.password)) continue;
    files.set(`upstreams.${name}.credentials.password.file`, credentials.password.file);
  }
  const problems = await Promise.all(Array.from(files, ([path, file]) => fileProblem(path, file)));
  return problems.flat();
}

async function fileProblem(path: string, file: string): Promise<Problem[]> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.trim() === '') return [{ path, message: 'the file is empty' }];
    const isWrong = path.endsWith('.ca') && !text.includes('-----BEGIN CERTIFICATE-----');
    return isWrong ? [{ path, message: 'the file has no certificate in PEM' }] : [];
  } catch (error) {
    return [{ path, message: unreadable(error) }];
  }
}

function unreadable(error: unknown): string {
  return `cannot read the file: ${systemReason(error)}`;
}
