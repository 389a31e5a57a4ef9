interface Quota {
  readonly count: number;
  readonly window: number | undefined;
}

/** Reads `100;w=21600`; of a list the first, which is the one that is counted now. */
function parseQuota(header: string | null): Quota | undefined {
  const match = /^\s*(\d{1,12})\s*(?:;\s*w=(\d{1,12}))?/i.exec(header ?? '');
  if (match === null) return undefined;
  return { count: Number(match[1]), window: match[2] === undefined ? undefined : Number(match[2]) };
}

/**
 * Reads Docker Hub's `ratelimit-limit` and `ratelimit-remaining`; undefined when there is no limit:
 * the image or the account may not be limited. `docker-ratelimit-source`, the address or the account
 * that is counted, is not read, so that no log can show it.
 */
export function parseRateLimit(headers: Headers): RateLimit | undefined {
  const limit = parseQuota(headers.get('ratelimit-limit'));
  const remaining = parseQuota(headers.get('ratelimit-remaining'));
  if (limit === undefined || remaining === undefined) return undefined;
  return {
    limit: limit.count,
    remaining: remaining.count,
    windowSeconds: limit.window ?? remaining.window,
  };
}

/** The rate limit an upstream reported (Docker Hub: RateLimit-Limit, RateLimit-Remaining). */
export interface RateLimit {
  /** Pulls allowed in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** Length of the window in seconds; undefined when the upstream did not say. */
  readonly windowSeconds: number | undefined;
}
