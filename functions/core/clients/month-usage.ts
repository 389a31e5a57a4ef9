import { withTimeout } from '../concurrency/timeout.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { tolerate } from '../ports/tolerate.ts';
import { monthOf, type Verdict } from './client-limits.ts';

/** How many clients an instance counts one by one. */
const mostClients = 10_000;

/** The count that all further clients share. No address. */
const others = 'others';

/** How many clients one write has. */
const mostWritten = 100;

/** The shortest time between two writes that no client waits for, in ms. */
const writeInterval = 10_000;

/** How long a client waits for the ledger, in ms. Then it is counted by what this instance knows. */
const longestWait = 1_000;

/** How many writes a client waits for at most; others may take what each of them leaves. */
const mostRounds = 50;

/** How long no client waits after the ledger failed, in ms. */
const failurePause = 5_000;

/** Of a limit, what an instance may let a client have before it writes and reads the sum again. */
const unwrittenShare = 0.01;

interface Count {
  /** What all instances wrote, when this one read it last; undefined: never. */
  sum: number | undefined;
  /** What this instance has not written. */
  unwritten: number;
  /** What a write in progress has. */
  inWrite: number;
}

interface MonthUsageOptions {
  readonly ledger: Pick<Ledger, 'addUsage'>;
  readonly runtime: Pick<Runtime, 'now' | 'observe' | 'waitUntil' | 'sleep'>;
  /** How long after a count it is written at the latest, in ms; undefined where only the next one writes it. */
  readonly flushDelay?: number | undefined;
  readonly most?: number;
}

/**
 * The bytes that each client got this month (UTC) on all instances. Counts are written in batches. Before an
 * instance hands out more than a share of a client's limit, it writes its counts and reads the sum: above
 * the limit, N instances hand out at most N times that share and one blob each.
 */
export class MonthUsage {
  readonly #options: MonthUsageOptions;
  readonly #add: (
    month: string,
    added: ReadonlyMap<string, number>,
  ) => Promise<ReadonlyMap<string, number> | undefined>;
  readonly #counts = new Map<string, Count>();
  readonly #most: number;
  #month = '';
  #writing: Promise<boolean> | undefined;
  #written = Number.NEGATIVE_INFINITY;
  #failed = Number.NEGATIVE_INFINITY;
  #delayed = false;

  constructor(options: MonthUsageOptions) {
    this.#options = options;
    const { ledger, runtime, most = mostClients } = options;
    const { addUsage } = tolerate(
      { addUsage: ledger.addUsage.bind(ledger) },
      runtime.observe.bind(runtime),
    );
    this.#add = addUsage;
    this.#most = most;
  }

  /** What a client got, in bytes, as far as this instance knows. */
  known(client: string, now = this.#options.runtime.now()): number {
    return total(this.#countOf(client, now));
  }

  /**
   * Decides by what a client got, in bytes, and adds `bytes` in the same step unless it is refused. Waits for
   * the ledger for a client that is new here, and whenever this instance has a share of the limit unwritten.
   */
  take(
    client: string,
    limit: number,
    bytes: number,
    decide: (used: number) => Verdict,
    now = this.#options.runtime.now(),
  ): Promise<Verdict> | Verdict {
    const count = this.#countOf(client, now);
    if (!isPrecise(count, limit)) return this.#learn(client, limit, bytes, decide);
    const verdict = decide(total(count));
    if (verdict.kind !== 'refused') this.add(client, bytes);
    return verdict;
  }

  async #learn(
    client: string,
    limit: number,
    bytes: number,
    decide: (used: number) => Verdict,
  ): Promise<Verdict> {
    const { runtime } = this.#options;
    const until = runtime.now() + longestWait;
    for (let rounds = 0; rounds < mostRounds; rounds++) {
      // What is refused without the bytes of others is refused with them.
      const count = this.#countOf(client);
      if (isPrecise(count, limit) || decide(total(count)).kind === 'refused') break;
      const now = runtime.now();
      if (now >= until || now < this.#failed + failurePause) break;
      if ((await withTimeout(until - now, this.#writing ?? this.#write(client))) !== true) break;
    }
    const verdict = decide(this.known(client));
    if (verdict.kind !== 'refused') this.add(client, bytes);
    return verdict;
  }

  /** Adds bytes, which may be negative. */
  add(client: string, bytes: number): void {
    if (bytes === 0) return;
    this.#countOf(client).unwritten += bytes;
    const { runtime, flushDelay } = this.#options;
    if (this.#writing !== undefined) return;
    if (runtime.now() >= this.#written + writeInterval) {
      runtime.waitUntil(this.#write(client));
    } else if (flushDelay !== undefined && !this.#delayed) {
      this.#delayed = true;
      runtime.waitUntil(runtime.sleep(flushDelay).then(() => this.flush()));
    }
  }

  /** Writes all that is not written. Does not reject; a failure is reported. */
  async flush(): Promise<void> {
    this.#delayed = false;
    await this.#writing;
    while (this.#unwritten().length > 0) {
      if (!(await (this.#writing ?? this.#write()))) return;
    }
  }

  #countOf(client: string, now = this.#options.runtime.now()): Count {
    const month = monthOf(now);
    if (month !== this.#month) {
      // At the turn of the month, at most what was not written of the last one is lost.
      this.#month = month;
      this.#counts.clear();
    }
    const known = this.#counts.get(client);
    if (known !== undefined) return known;
    if (this.#counts.size >= this.#most) this.#forgetWritten();
    const key = this.#counts.size < this.#most ? client : others;
    const count = this.#counts.get(key) ?? { sum: undefined, unwritten: 0, inWrite: 0 };
    this.#counts.set(key, count);
    return count;
  }

  /** Makes room: what is written is read again when its client comes back. */
  #forgetWritten(): void {
    for (const [client, { unwritten, inWrite }] of this.#counts) {
      if (unwritten === 0 && inWrite === 0) this.#counts.delete(client);
      if (this.#counts.size < this.#most / 2) return;
    }
  }

  #unwritten(): string[] {
    return [...this.#counts].filter(([, { unwritten }]) => unwritten !== 0).map(([key]) => key);
  }

  #write(first?: string): Promise<boolean> {
    const writing = this.#writeBatch(first).finally(() => {
      this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  /** False if it failed: the next write has the same bytes again. */
  async #writeBatch(first: string | undefined): Promise<boolean> {
    const { runtime } = this.#options;
    this.#written = runtime.now();
    const own = first === undefined || this.#counts.has(first) ? first : others;
    const keys = new Set([...(own === undefined ? [] : [own]), ...this.#unwritten()]);
    const batch = new Map<string, number>();
    const counts = [...keys].slice(0, mostWritten).flatMap((key) => {
      const count = this.#counts.get(key);
      return count === undefined ? [] : [{ key, count }];
    });
    for (const { key, count } of counts) {
      batch.set(key, count.unwritten);
      count.inWrite = count.unwritten;
      count.unwritten = 0;
    }
    const sums = await this.#add(this.#month, batch);
    for (const { key, count } of counts) {
      const sum = sums?.get(key);
      if (sum === undefined) count.unwritten += count.inWrite;
      else count.sum = sum;
      count.inWrite = 0;
    }
    if (sums === undefined) this.#failed = runtime.now();
    return sums !== undefined;
  }
}

function total({ sum = 0, unwritten, inWrite }: Count): number {
  return sum + unwritten + inWrite;
}

function isPrecise({ sum, unwritten, inWrite }: Count, limit: number): boolean {
  return sum !== undefined && unwritten + inWrite < limit * unwrittenShare;
}
