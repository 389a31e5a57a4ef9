import type { RateLimit } from '../../headers/rate-limit.ts';

/** What was spent on one thing. */
export interface Spent {
  readonly name: string;
  readonly pulls: number;
}

/** Clients choose repositories; networks are configured. */
export const mostNames = 100;

/** What all names together have that are not counted by themselves. */
export const others = 'others';

/**
 * Counts of pulls by name, of a bounded number of names: a new one takes the place of the one with the
 * fewest, which is then counted among the others.
 */
export class Tally {
  readonly #pulls = new Map<string, number>();
  #others = 0;

  add(name: string, pulls = 1): void {
    if (name === others) {
      this.#others += pulls;
      return;
    }
    const known = this.#pulls.get(name);
    if (known === undefined && this.#pulls.size >= mostNames) this.#dropLeast();
    this.#pulls.set(name, (known ?? 0) + pulls);
  }

  /** The names with the most pulls, most first. */
  most(count: number): readonly Spent[] {
    const sorted = [...this.#pulls].map(([name, pulls]) => ({ name, pulls }));
    sorted.sort((one, other) => other.pulls - one.pulls || (one.name < other.name ? -1 : 1));
    const rest = sorted.slice(count).reduce((sum, { pulls }) => sum + pulls, this.#others);
    const top = sorted.slice(0, count);
    return rest === 0 ? top : [...top, { name: others, pulls: rest }];
  }

  #dropLeast(): void {
    let least: [string, number] | undefined;
    for (const entry of this.#pulls) if (least === undefined || entry[1] < least[1]) least = entry;
    if (least === undefined) return;
    this.#pulls.delete(least[0]);
    this.#others += least[1];
  }
}

/** Whom a pull counts for that came from no network with a name. */
export const unnamedNetwork = 'anonymous';

/** What is left at one time, in ms since 1970. */
export interface Sample extends Pick<RateLimit, 'remaining'> {
  readonly seen: number;
}

/** The time over which spending is measured, in ms; instances share where it begins, and move that seldom. */
const longestSpan = 3_600_000;
const moveInterval = 300_000;

/**
 * The sample to measure from after a new one: the older, unless more is left now because the window
 * began again.
 */
export function baselineOf(before: Sample | undefined, latest: Sample): Sample {
  if (before === undefined || latest.remaining > before.remaining) return latest;
  const age = latest.seen - before.seen;
  if (age >= 0 && age <= longestSpan + moveInterval) return before;
  // Measures the last hour as if it went on as the time before it.
  const share = longestSpan / Math.max(age, longestSpan);
  const spent = (before.remaining - latest.remaining) * share;
  return { seen: latest.seen - longestSpan, remaining: latest.remaining + spent };
}

/**
 * In how many hours nothing is left, if pulls go on as between two samples; undefined if nothing was
 * spent. At least a minute must lie between them.
 */
export function hoursUntilDry(from: Sample, to: Sample): number | undefined {
  if (to.remaining <= 0) return 0;
  const hours = (to.seen - from.seen) / 3_600_000;
  const spent = from.remaining - to.remaining;
  return spent <= 0 || hours < 1 / 60 ? undefined : (to.remaining * hours) / spent;
}
