import { readFile } from 'node:fs/promises';
import type { Environment, Override } from '../core/config/environment.ts';
import { type ParsedConfig, parseConfig } from '../core/config/parse-config.ts';
import { foundText, type Problem } from '../core/config/problems.ts';
import type { Config } from '../core/config/resolve.ts';
import { systemReason } from './failure.ts';
import { findJsonMistake } from './json-mistake.ts';

/**
 * Reads a configuration file, or only variables and options when there is none, and looks whether
 * the files it names can be read. All mistakes come at once; it does not reject.
 */
export async function loadConfig(
  file: string | undefined,
  environment: Environment,
  options: readonly Override[],
): Promise<ParsedConfig> {
  const json = file === undefined ? { ok: {} } : await readJson(file);
  if ('problem' in json) return { problems: [json.problem] };
  const parsed = parseConfig(json.ok, environment, options);
  if ('problems' in parsed) return parsed;
  const problems = await fileProblems(parsed.ok);
  return problems.length === 0 ? parsed : { problems };
}

async function readJson(file: string): Promise<{ ok: unknown } | { problem: Problem }> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    return { problem: { path: file, found: systemReason(error), expected: 'a file to read' } };
  }
  const mistake = findJsonMistake(text);
  if (mistake === undefined) return { ok: JSON.parse(text) };
  const path = `${file}:${mistake.line}:${mistake.column}`;
  // A password might be written where the JSON breaks.
  const shown = /password/i.test(text) ? foundText(['password'], mistake.found) : mistake.found;
  return { problem: { path, found: shown, expected: 'JSON' } };
}

async function fileProblems(config: Config): Promise<Problem[]> {
  const files: (readonly [string, string])[] = [];
  if (config.tls !== undefined) {
    files.push(['tls.cert', config.tls.cert], ['tls.key', config.tls.key]);
  }
  for (const [name, { credentials }] of config.upstreams) {
    if (credentials === undefined || !('file' in credentials.password)) continue;
    files.push([`upstreams.${name}.credentials.password.file`, credentials.password.file]);
  }
  const problems = await Promise.all(files.map(([path, file]) => fileProblem(path, file)));
  return problems.flat();
}

async function fileProblem(path: string, file: string): Promise<Problem[]> {
  try {
    const text = await readFile(file, 'utf8');
    return text.trim() === '' ? [{ path, found: 'an empty file', expected: 'content' }] : [];
  } catch (error) {
    return [{ path, found: systemReason(error), expected: 'the path of a file to read' }];
  }
}
