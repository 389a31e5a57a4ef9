/** The rate limit an upstream reported (Docker Hub: RateLimit-Limit, RateLimit-Remaining). */
export interface RateLimit {
  /** Pulls allowed in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** Length of the window in seconds; undefined when the upstream did not say. */
  readonly windowSeconds: number | undefined;
}
