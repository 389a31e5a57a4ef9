import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { deployedNode } from '../../forms/aws/deployed-node.ts';
import type { FunctionSettings } from '../../forms/aws/instance.ts';
import { urlEvent } from '../../forms/aws/url-event.ts';

const child = fileURLToPath(new URL('./cold-child.mjs', import.meta.url));
const run = promisify(execFile);

/** A function, and what it is asked first. */
export interface ColdFunction extends Pick<FunctionSettings, 'folder' | 'environment'> {
  readonly target: string;
}

/** Of many measurements, in ms. */
export interface Spread {
  readonly least: number;
  readonly median: number;
}

/** As the child writes it. */
interface Timing {
  readonly load: number;
  readonly first: number;
  readonly both: number;
  readonly cpu: number;
  readonly status: number;
}

/** How long fresh processes of one function take. */
export class ColdStarts {
  readonly #function: ColdFunction;
  readonly #timings: Timing[] = [];

  constructor(measured: ColdFunction) {
    this.#function = measured;
  }

  /** To load the function. */
  get load(): Spread {
    return spreadOf(this.#timings.map(({ load }) => load));
  }

  /** To answer its first event. */
  get first(): Spread {
    return spreadOf(this.#timings.map(({ first }) => first));
  }

  get both(): Spread {
    return spreadOf(this.#timings.map(({ both }) => both));
  }

  /** What the processor worked on both, for the program and in system calls. */
  get cpu(): Spread {
    return spreadOf(this.#timings.map(({ cpu }) => cpu));
  }

  /** Measures one more. Its answer must be a 200. */
  async measureOne(): Promise<void> {
    const { folder, environment, target } = this.#function;
    const module = pathToFileURL(join(folder, 'index.mjs')).href;
    const event = JSON.stringify(urlEvent({ method: 'GET', target, headers: [] }));
    const { stderr } = await run(deployedNode, [child, module, event], { env: environment });
    // On Node 20 the SDK warns there first.
    const timing: Timing = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
    if (timing.status !== 200) throw new Error(`the first answer is a ${timing.status}`);
    this.#timings.push(timing);
  }
}

/** Measures each so many times, by turns: what else the machine does slows all of them alike. */
export async function measureByTurns(all: readonly ColdStarts[], times: number): Promise<void> {
  for (let at = 0; at < times; at++) for (const starts of all) await starts.measureOne();
}

/** A function that does nothing, for comparison. */
export const bareFunction =
  "export const handler = async () => ({ statusCode: 200, body: '{}' });\n";

/** Puts the text of a module where a function is looked for, for as long as it is used. */
export async function withFunction<Result>(
  text: string,
  use: (made: ColdFunction) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-function-'));
  try {
    await writeFile(join(folder, 'index.mjs'), text);
    return await use({ folder, environment: {}, target: '/v2/' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  return { least: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN };
}
