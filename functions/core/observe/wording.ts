// What Warning headers and the refusals of limits say.

/** Content that is served although its upstream does not confirm it; `age` in seconds. */
export function staleText(registry: string, age: number, reason: string): string {
  return `stale: last confirmed by ${registry} ${age} s ago (${reason})`;
}

/** A tag that its upstream never named, served as another registry has it. */
export function unseenText(registry: string, alternate: string, reason: string): string {
  return `not confirmed by ${registry}: the tag is from ${alternate} (${reason})`;
}

/** Content that its upstream no longer has; `since` in ms since 1970. */
export function keptText(registry: string, since: number): string {
  return `gone upstream: ${registry} has refused this since ${new Date(since).toISOString()}`;
}

/** A client is over its limit of pulls. */
export function pullLimitText(limit: number): string {
  return `more than ${limit} pulls a minute from your address`;
}

/** A client is over its limit of bytes. */
export function monthLimitText(bytes: number): string {
  return `more than ${bytes} bytes this month for your address`;
}

/** A blob is larger than its client may have; in bytes. */
export function sizeLimitText(size: number, limit: number): string {
  return `a blob of ${size} bytes, and at most ${limit} for your address`;
}
