import type { Runtime } from '../ports/runtime.ts';
import type { LimitName, Verdict } from './client-limits.ts';

/** The shortest time between two lines in the log about the same tier, in ms. */
const lineInterval = 60_000;

interface Line {
  /** In ms since 1970. */
  written: number;
  /** Requests since then. */
  requests: number;
}

/** Reports requests over the limits of `clients`: metrics count all, the log has a line a minute and tier. */
export class LimitReports {
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  readonly #lines = new Map<string, Line>();

  constructor(runtime: Pick<Runtime, 'now' | 'observe'>) {
    this.#runtime = runtime;
  }

  /** A request was over a limit of the tier, which is a key of `clients`. */
  limited(tier: string, limit: LimitName, outcome: Exclude<Verdict['kind'], 'allowed'>): void {
    const now = this.#runtime.now();
    const line = this.#lines.get(tier) ?? { written: Number.NEGATIVE_INFINITY, requests: 0 };
    this.#lines.set(tier, line);
    line.requests += 1;
    const age = now - line.written;
    const isDue = age < 0 || age >= lineInterval;
    const requests = isDue ? line.requests : undefined;
    if (isDue) Object.assign(line, { written: now, requests: 0 });
    this.#runtime.observe({ kind: 'client-limited', tier, limit, outcome, requests });
  }
}
