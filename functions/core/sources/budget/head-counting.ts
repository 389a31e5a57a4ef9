import type { RateLimit } from '../../headers/rate-limit.ts';
import { isBelowReserve } from './reserve.ts';
import type { Sample } from './spending.ts';

/**
 * Whether a registry counts HEADs against its limit, as far as its answers show. Docker Hub does not; what
 * is left then stays the same from one HEAD to the next.
 */
export interface HeadCounting {
  /** The last answer, if it was to a HEAD. */
  readonly last: Sample | undefined;
  /** How often in a row less was left after a HEAD than after the one before. */
  readonly drops: number;
}

export const noHeads: HeadCounting = { last: undefined, drops: 0 };

/** How many HEADs in a row must have cost something. */
const enoughDrops = 5;

/** The longest time between two HEADs that are compared, in ms: others at the same address pull, too. */
const longestGap = 10_000;

/** An answer that says what is left; `sent` and `seen` in ms since 1970. */
export interface CountedAnswer extends Sample {
  readonly isHead: boolean;
  readonly sent: number;
}

/** What is known after an answer. */
export function afterCounted(before: HeadCounting, answer: CountedAnswer): HeadCounting {
  const { isHead, sent, seen, remaining } = answer;
  if (!isHead) return { ...before, last: undefined };
  const last = { seen, remaining };
  // Answers of HEADs at the same time may come in any order.
  const isAfter = before.last !== undefined && sent >= before.last.seen;
  if (!isAfter || seen - before.last.seen > longestGap) return { ...before, last };
  // More is left when the window begins again.
  if (remaining > before.last.remaining) return { ...before, last };
  return { last, drops: remaining < before.last.remaining ? before.drops + 1 : 0 };
}

/** True if each of the last HEADs cost something. */
export function countsHeads({ drops }: HeadCounting): boolean {
  return drops >= enoughDrops;
}

/**
 * How long a tag is served before it is confirmed, in ms. Below the reserve (a share of the limit) of a
 * registry that counts HEADs it is longer than `tagTtl`, the more so the less is left, up to `maxStale`.
 */
export function tagLife(
  { tagTtl, maxStale }: { readonly tagTtl: number; readonly maxStale: number },
  rate: (RateLimit & { readonly seen: number }) | undefined,
  reserve: number,
  now: number,
): number {
  if (rate === undefined || !isBelowReserve({ rate, circuits: {} }, reserve, now)) return tagTtl;
  const longer = (tagTtl * rate.limit * reserve) / Math.max(1, rate.remaining);
  return Math.max(tagTtl, Math.min(longer, maxStale));
}
