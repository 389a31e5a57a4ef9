// What Warning headers say.

/** Content that is served although its upstream does not confirm it; `age` in seconds. */
export function staleText(registry: string, age: number, reason: string): string {
  return `stale: last confirmed by ${registry} ${age} s ago (${reason})`;
}

/** Content that its upstream no longer has; `since` in ms since 1970. */
export function keptText(registry: string, since: number): string {
  return `gone upstream: ${registry} has refused this since ${new Date(since).toISOString()}`;
}
