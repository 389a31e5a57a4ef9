import type { Runtime } from '../ports/runtime.ts';
import type { LimitName } from './client-limits.ts';

/** The shortest time between two lines in the log about the same tier, in ms. */
const lineInterval = 60_000;

interface Line {
  /** In ms since 1970. */
  written: number;
  /** Refusals since then. */
  refusals: number;
}

/** Reports what the limits of `clients` refused: metrics count all of it, the log has a line a minute and tier. */
export class RefusalReports {
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  readonly #lines = new Map<string, Line>();

  constructor(runtime: Pick<Runtime, 'now' | 'observe'>) {
    this.#runtime = runtime;
  }

  /** A limit of the tier, which is a key of `clients`, refused a request. */
  refused(tier: string, limit: LimitName): void {
    const now = this.#runtime.now();
    const line = this.#lines.get(tier) ?? { written: Number.NEGATIVE_INFINITY, refusals: 0 };
    this.#lines.set(tier, line);
    line.refusals += 1;
    const age = now - line.written;
    const isDue = age < 0 || age >= lineInterval;
    const refusals = isDue ? line.refusals : undefined;
    if (isDue) Object.assign(line, { written: now, refusals: 0 });
    this.#runtime.observe({ kind: 'client-refused', tier, limit, refusals });
  }
}
