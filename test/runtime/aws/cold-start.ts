import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { FunctionSettings } from './instance.ts';
import { urlEvent } from './url-event.ts';

const child = fileURLToPath(new URL('./cold-child.mjs', import.meta.url));
const run = promisify(execFile);

/** How long a fresh process takes, in ms; medians. */
export interface ColdStart {
  /** To load the function. */
  readonly load: number;
  /** To answer its first event. */
  readonly first: number;
  readonly both: number;
}

/** Measures so many fresh processes, one after the other. Every answer must be a 200. */
export async function measureColdStart(
  { folder, environment }: Pick<FunctionSettings, 'folder' | 'environment'>,
  target: string,
  times: number,
): Promise<ColdStart> {
  const module = pathToFileURL(join(folder, 'index.mjs')).href;
  const event = JSON.stringify(urlEvent({ method: 'GET', target, headers: [] }));
  const loads: number[] = [];
  const firsts: number[] = [];
  const both: number[] = [];
  for (let at = 0; at < times; at++) {
    const { stderr } = await run(process.execPath, [child, module, event], { env: environment });
    const { load, first, status } = JSON.parse(stderr);
    if (status !== 200) throw new Error(`the first answer is a ${status}`);
    loads.push(load);
    firsts.push(first);
    both.push(load + first);
  }
  return { load: median(loads), first: median(firsts), both: median(both) };
}

/** A function that does nothing, for comparison. */
export async function withBareFunction<Result>(
  use: (bare: Pick<FunctionSettings, 'folder' | 'environment'>) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-bare-'));
  try {
    const text = "export const handler = async () => ({ statusCode: 200, body: '{}' });\n";
    await writeFile(join(folder, 'index.mjs'), text);
    return await use({ folder, environment: {} });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
