import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ReadText, readConfigText } from '../core/config/config-text.ts';
import type { Environment, Override } from '../core/config/environment.ts';
import type { Findings } from '../core/config/findings.ts';
import { type ParsedConfig, parseConfig } from '../core/config/parse-config.ts';
import type { Problem } from '../core/config/problems.ts';
import { certificateMistakes, expiryWarning } from '../node/http/certificate-files.ts';
import { signInProblems } from '../node/sign-in/sign-in-problems.ts';
import { resolvePaths } from './config-paths.ts';
import { systemReason } from './failure.ts';

/** A configuration with notes about it, or all that is wrong with it. */
export type LoadedConfig = ParsedConfig & Pick<Findings, 'notes'>;

/**
 * Reads the configuration from a file (if there is one), variables and options, and checks the files
 * that it names. Paths in the file are relative to it, those of variables and options to the working
 * directory. Reports all problems at once; does not reject.
 */
export async function loadConfig(
  file: string | undefined,
  environment: Environment,
  options: readonly Override[],
): Promise<LoadedConfig> {
  const text = file === undefined ? { ok: {}, duplicates: [] } : await readJson(file);
  if ('problems' in text) return { ...text, notes: [] };
  if (file !== undefined) resolvePaths(text.ok, resolve(dirname(file)));
  const { files, signIns, ...parsed } = parseConfig(text.ok, environment, options);
  const found = 'problems' in parsed ? parsed.problems : [];
  // A path that is a mistake by itself is not looked for.
  const named = Array.from(files).filter(([path]) => found.every((one) => one.path !== path));
  const unreadable = await Promise.all(named.map(([path, one]) => fileProblem(path, one)));
  const certificate = await checkCertificate(files);
  const earlier = [...text.duplicates, ...found, ...unreadable.flat(), ...certificate.problems];
  const unchecked = signIns.filter(({ place }) => earlier.every(({ path }) => path !== place));
  const problems = [...earlier, ...(await signInProblems(unchecked, environment))];
  if (problems.length > 0) return { problems, notes: [] };
  return { ...parsed, notes: [...parsed.notes, ...certificate.notes] };
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

/** What is wrong with the certificate and its key, and notes of its expiry; nothing if one is unreadable. */
async function checkCertificate(
  files: Findings['files'],
): Promise<{ readonly problems: readonly Problem[]; readonly notes: readonly string[] }> {
  const textOf = (file: string) => readFile(file, 'latin1').catch(() => '');
  const nothing = { problems: [], notes: [] };
  const cert = files.get('tls.cert') ?? files.get('PULLFRONT_TLS_CERT');
  const key = files.get('tls.key') ?? files.get('PULLFRONT_TLS_KEY');
  if (cert === undefined || key === undefined) return nothing;
  const pair = { cert: await textOf(cert), key: await textOf(key) };
  if (pair.cert.trim() === '' || pair.key.trim() === '') return nothing;
  const problems = certificateMistakes({ cert, key }, pair);
  if (problems.length > 0) return { problems, notes: [] };
  const warning = expiryWarning({ cert, key }, pair, Date.now());
  return warning === undefined ? nothing : { problems, notes: [`tls.cert: ${warning}`] };
}
