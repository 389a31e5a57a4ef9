import type { RateLimit } from '../headers/rate-limit.ts';

/**
 * The owner of a rate limit: a registry, and an account there by its label or position, never a user name;
 * `anonymous`, or one of 64 such as `anonymous 17` where the registry names the address that it counts.
 */
export interface Account {
  readonly registry: string;
  readonly account: string;
}

/**
 * The circuits of an account, which stop requests to its registry:
 * - `pulls`: GETs of manifests, because nothing is left;
 * - `requests`: the same, and all but one HEAD a minute, because a GET was limited with a Retry-After;
 * - `heads`: the same, because a HEAD was limited;
 * - `abuse`: everything.
 */
export const circuitKinds = ['pulls', 'requests', 'heads', 'abuse'] as const;
export type CircuitKind = (typeof circuitKinds)[number];

/**
 * The account under which a circuit is kept: it is open for `windowSeconds` from `seen` on, with `limit`
 * seconds between two requests that try whether it can be closed.
 */
export function circuitAccount(kind: CircuitKind, account: string): string {
  return `${kind}-circuit ${account}`;
}

/** The account under which a former rate limit is kept, from which the speed of spending is measured. */
export function baselineAccount(account: string): string {
  return `baseline ${account}`;
}

/** What may be kept under an account besides its rate limit. */
export type NoteKind = CircuitKind | 'baseline';

/** What else is kept under an account; undefined for a rate limit. */
export function noteOf(
  account: string,
): { readonly kind: NoteKind; readonly account: string } | undefined {
  const [first = '', ...rest] = account.split(' ');
  // A label may be one of these words, but has no space.
  if (rest.length === 0) return undefined;
  const circuit = circuitKinds.find((known) => first === `${known}-circuit`);
  const kind = circuit ?? (first === 'baseline' ? first : undefined);
  return kind && { kind, account: rest.join(' ') };
}

/** A rate limit as an upstream reported it, at `seen` (ms since 1970). */
export interface SeenRateLimit extends Account {
  readonly rate: RateLimit;
  readonly seen: number;
}

/** Pulls that a repository, or a network of clients, spent of an account's limit. */
export interface SpentPulls extends Account {
  readonly kind: 'repository' | 'network';
  readonly name: string;
  readonly pulls: number;
}

/** All-time counts. Pulls are GETs of manifests. */
export interface Counters {
  readonly pullsServed: number;
  /** Those of `pullsServed` without a pull from the upstream. */
  readonly pullsAvoided: number;
  /** Pulls from upstreams. */
  readonly pullsMade: number;
  readonly bytesServed: number;
  readonly bytesFetched: number;
}

/** Counters at zero. */
export const noCounts: Counters = {
  pullsServed: 0,
  pullsAvoided: 0,
  pullsMade: 0,
  bytesServed: 0,
  bytesFetched: 0,
};

/** The names of all counters. */
export const counterNames = Object.keys(noCounts) as readonly (keyof Counters)[];

/** The sum of counters. */
export function addCounts(counters: Counters, added: Partial<Counters>): Counters {
  const sum: Record<keyof Counters, number> = { ...counters };
  for (const name of counterNames) sum[name] += added[name] ?? 0;
  return sum;
}

/**
 * What upstreams said is left of the rate limits, and what was served.
 *
 * Counts and rate limits may be written late and in batches: a crash loses at most the last minute of
 * them. That nothing is left, and a Retry-After, are written at once. Of two reports of one account the
 * one seen later remains.
 */
export interface Ledger {
  recordRateLimit(seen: SeenRateLimit): Promise<void>;
  rateLimits(): Promise<readonly SeenRateLimit[]>;
  /** Adds to the counters. */
  count(added: Partial<Counters>): void;
  counters(): Promise<Counters>;
  /**
   * Adds bytes to what clients got in a calendar month (`2026-12`), at once and for all instances, and
   * resolves to their sums. Bytes may be negative, or 0 to read a sum. A client that could not be written
   * is missing from the result; rejects if none could. Of the months, only the newest two are kept.
   */
  addUsage(month: string, added: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>>;
  /**
   * Adds pulls to what names spent on a day (`2026-12-01`), at once and for all instances, and resolves to
   * all that was spent on that day. If it rejects, some may have been added. Of the days, only the newest
   * two are kept. The caller bounds the names.
   */
  addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]>;
}

/** The day before a day, as `2026-12-01`. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** What tells apart the rows of a day's spending. */
export function spendingKey({ registry, account, kind, name }: Omit<SpentPulls, 'pulls'>): string {
  return `${registry} ${account} ${kind} ${name}`;
}

/** The month before a month. */
export function monthBefore(month: string): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - 1);
  return date.toISOString().slice(0, 7);
}
