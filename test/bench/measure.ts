import type { Contender, RunningMirror } from './contender.ts';
import type { ContenderName } from './options.ts';
import type { Goal, Numbers, Row } from './row.ts';
import { median } from './statistics.ts';
import type { Workspace } from './workspace.ts';

/** What every measure is given. */
export interface Bench {
  readonly workspace: Workspace;
  /** The project's folder. */
  readonly root: string;
  readonly contenders: readonly Contender[];
  readonly short: boolean;
  /** Tells the person who waits what is being measured. */
  readonly progress: (text: string) => void;
}

/** The samples of each contender, in the order they were taken. */
export class Samples {
  readonly #byName = new Map<ContenderName, number[]>();

  /** Notes a sample. */
  add(name: ContenderName, value: number): void {
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), value]);
  }

  /** The medians as a row. */
  row(measure: string, unit: string, goal?: Goal): Row {
    const numbers: Numbers = Object.fromEntries(
      [...this.#byName].map(([name, values]) => [name, median(values)]),
    );
    return { measure, unit, numbers, ...(goal === undefined ? {} : { goal }) };
  }
}

/** Runs one contender after the other `rounds` times, so that a slow minute hits both. */
export async function inPairs(
  bench: Bench,
  rounds: number,
  step: (contender: Contender, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of bench.contenders) await step(contender, round);
  }
}

/** Starts a contender for one step and ends it, whatever happens. */
export async function withMirror<T>(
  contender: Contender,
  upstream: string,
  step: (mirror: RunningMirror) => Promise<T>,
): Promise<T> {
  const mirror = await contender.start(upstream);
  try {
    return await step(mirror);
  } finally {
    await mirror.end();
  }
}
