/** How fast a host answers, and whether it does. Times are in ms since 1970. */
export interface AnswerTimes {
  /** How long its answers take: a decaying maximum, in ms. Undefined if it never answered. */
  readonly usual: number | undefined;
  /** When it last answered; undefined if it never did. */
  readonly answered: number | undefined;
  /** When a request last timed out; undefined if the host answered any since that one was sent. */
  readonly silent: number | undefined;
  /** When the oldest request was sent since which it answered nothing; undefined if there is none. */
  readonly waiting: number | undefined;
}

/** How long requests wait for a host that seems silent, in ms. */
export const shortWait = 1_000;

/** How long a silence is remembered, in ms. */
const silenceLife = 10_000;

/** How long an answer proves that a host is not silent, in ms. */
const proofLife = 5_000;

/** The share of the usual time that is left after each faster answer. */
const decay = 0.9;

/** The usual time after an answer that took `milliseconds`. */
export function usualAfter(usual: number | undefined, milliseconds: number): number {
  return Math.max(milliseconds, (usual ?? 0) * decay);
}

/**
 * Until when a request that began at `since` waits for the host, at most `limit` ms: all of them, unless
 * the host is silent, or seems so because an older request waits longer than usual. Ms since 1970.
 */
export function deadlineOf(times: AnswerTimes, since: number, limit: number): number {
  const { usual, answered, silent, waiting } = times;
  const short = since + Math.min(shortWait, limit);
  const full = since + limit;
  if (silent !== undefined && since < silent + silenceLife) {
    return Math.min(full, Math.max(short, silent));
  }
  if (waiting === undefined) return full;
  const overdue = waiting + (usual === undefined ? 0 : usual * 1.5 + shortWait);
  const proven = answered === undefined ? 0 : answered + proofLife;
  return Math.min(full, Math.max(short, overdue, proven));
}

/** The lengths of successive probes of a silent host, in ms: in short ones its return shows sooner. */
const probeLengths = [3_500, 7_000, 14_000] as const;

/** How long a probe waits for a host that was silent `silences` times in a row, in ms. */
export function probeLength(usual: number | undefined, silences: number): number {
  const length = probeLengths[silences % probeLengths.length] ?? 0;
  return Math.max(length, (usual ?? 0) * 1.5 + shortWait);
}

/** True if a request that begins now would not wait for long. */
export function seemsSilent(times: AnswerTimes, now: number): boolean {
  return deadlineOf(times, now, Number.POSITIVE_INFINITY) <= now + shortWait;
}

/** True if the host was silent a moment ago, or has made a request wait for longer than usual. */
export function isOverdue(times: AnswerTimes, now: number): boolean {
  const { silent, waiting } = times;
  if (silent !== undefined && now >= silent && now < silent + silenceLife) return true;
  return waiting !== undefined && now >= waiting + shortWait && seemsSilent(times, now);
}
