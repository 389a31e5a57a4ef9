import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readConfigText } from '../../functions/core/config/config-text.ts';
import { problemText } from '../../functions/core/config/problems.ts';
import type { Config } from '../../functions/core/config/resolve.ts';
import { type ResolvedStore, resolveFile } from '../../functions/core/config/resolve-file.ts';
import type { Resolved } from '../../functions/core/config/resolved.ts';
import { root } from '../project.ts';

/** Mistakes in a configuration file, each on a line of the message. */
export class ConfigurationMistakes extends Error {}

/** A checked configuration file: what is deployed of it, and what it says. */
interface CheckedFile {
  readonly resolved: Resolved;
  readonly config: Config;
  readonly notes: readonly string[];
}

/** Checks a configuration file for a store. Throws ConfigurationMistakes, or the error of the file. */
async function checkFile(file: string, store: ResolvedStore): Promise<CheckedFile> {
  const read = readConfigText(file, await readFile(resolve(root, file), 'utf8'));
  const checked = 'problems' in read ? read : resolveFile(read.ok, store, read.duplicates);
  if ('ok' in checked) return { ...checked, resolved: checked.ok };
  const { problems } = checked;
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  const lines = problems.map((problem) => `\n  ${problemText(problem)}`);
  throw new ConfigurationMistakes(`${file} has ${count}:${lines.join('')}`);
}

/** Checks a configuration file and writes what the functions read of it beside their bundles. */
export async function configureFunctions(file: string): Promise<void> {
  const { resolved, notes } = await checkFile(file, 'aws');
  printNotes(notes);
  for (const which of ['pull', 'fill']) {
    await writeFile(`${root}dist/aws/${which}/configuration.json`, `${JSON.stringify(resolved)}\n`);
  }
}

/** Checks a configuration file and gives the text of the module that the Worker imports, and notes about it. */
export async function workerConfiguration(
  file: string,
): Promise<{ readonly text: string } & Omit<CheckedFile, 'resolved'>> {
  const { resolved, ...rest } = await checkFile(file, 'cloudflare');
  return { text: `export const configuration = ${JSON.stringify(resolved)};\n`, ...rest };
}

/** Prints what may surprise the author of a configuration. */
export function printNotes(notes: readonly string[]): void {
  for (const note of notes) console.error(`Note: ${note}`);
}
