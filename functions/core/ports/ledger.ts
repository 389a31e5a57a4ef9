import type { RateLimit } from '../headers/rate-limit.ts';

/** Whom an upstream counts: a registry, and `anonymous` or `account` there, never a user name. */
export interface Account {
  readonly registry: string;
  readonly account: string;
}

/** A rate limit as an upstream reported it, at `seen` (ms since 1970). */
export interface SeenRateLimit extends Account {
  readonly rate: RateLimit;
  readonly seen: number;
}

/** What is counted for ever. */
export interface Counters {
  /** Manifests served, by GET. */
  readonly pullsServed: number;
  /** Of these, the ones that cost the upstream no manifest GET. */
  readonly pullsAvoided: number;
  /** Manifest GETs sent to upstreams. */
  readonly pullsMade: number;
  readonly bytesServed: number;
  readonly bytesFetched: number;
}

/** The names of all counters. */
export const counterNames = [
  'pullsServed',
  'pullsAvoided',
  'pullsMade',
  'bytesServed',
  'bytesFetched',
] as const satisfies readonly (keyof Counters)[];

/** Nothing counted yet. */
export const noCounts: Counters = {
  pullsServed: 0,
  pullsAvoided: 0,
  pullsMade: 0,
  bytesServed: 0,
  bytesFetched: 0,
};

/** The counters with more counted. */
export function addCounts(counters: Counters, added: Partial<Counters>): Counters {
  const sum: Record<keyof Counters, number> = { ...counters };
  for (const name of counterNames) sum[name] += added[name] ?? 0;
  return sum;
}

/**
 * The budget: what upstreams said is left, and what was served from it.
 *
 * Counts may be written late and in batches: a crash loses at most the last minute of them, never
 * what was counted before. Of two reports of one account the one seen later stays.
 */
export interface Ledger {
  recordRateLimit(seen: SeenRateLimit): Promise<void>;
  rateLimits(): Promise<readonly SeenRateLimit[]>;
  /** Adds to the counters. */
  count(added: Partial<Counters>): void;
  counters(): Promise<Counters>;
}
