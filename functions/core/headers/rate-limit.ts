/** The rate limit an upstream reported (Docker Hub: RateLimit-Limit, RateLimit-Remaining). */
export interface RateLimit {
  /** Pulls allowed per window. */
  readonly limit: number;
  readonly remaining: number;
  /** Length of the window in seconds; undefined when the upstream did not say. */
  readonly windowSeconds: number | undefined;
}

/** A rate limit, and the address that it counts, which must not reach logs and metrics. */
export interface CountedRate extends RateLimit {
  readonly source?: string | undefined;
}

/**
 * Parses Docker Hub's `ratelimit-limit` and `ratelimit-remaining`; undefined when they are missing,
 * as for images or accounts without a limit. It does not read `docker-ratelimit-source`, the counted
 * address or account, so that no log can show it; `parseCountedRate` does.
 */
export function parseRateLimit(headers: Headers): RateLimit | undefined {
  const limit = parseQuota(headers.get('ratelimit-limit'));
  const remaining = parseQuota(headers.get('ratelimit-remaining'));
  if (limit === undefined || remaining === undefined) return undefined;
  const windowSeconds = limit.window ?? remaining.window;
  return { limit: limit.count, remaining: remaining.count, windowSeconds };
}

/** Parses the same headers and `docker-ratelimit-source`. Only budgets may use this. */
export function parseCountedRate(headers: Headers): CountedRate | undefined {
  const rate = parseRateLimit(headers);
  const source = headers.get('docker-ratelimit-source')?.trim() || undefined;
  return rate && { ...rate, source };
}

/** Parses `100;w=21600`; of a list, the first quota, which is the active one. */
function parseQuota(header: string | null) {
  const match = /^\s*(\d{1,12})\s*(?:;\s*w=(\d{1,12}))?/i.exec(header ?? '');
  if (match === null) return undefined;
  return { count: Number(match[1]), window: match[2] === undefined ? undefined : Number(match[2]) };
}
