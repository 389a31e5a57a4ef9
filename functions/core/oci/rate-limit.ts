/** The rate limit an upstream reported (Docker Hub: RateLimit-Limit, RateLimit-Remaining). */
export interface RateLimit {
  /** Pulls allowed in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** Length of the window in seconds; undefined when the upstream did not say. */
  readonly windowSeconds: number | undefined;
  /** Whom the upstream counts: an address or an account's id (`docker-ratelimit-source`). */
  readonly source: string | undefined;
}
