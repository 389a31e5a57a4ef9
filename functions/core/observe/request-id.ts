/** The headers in which proxies and platforms name a request, the most specific first. */
const names = ['x-request-id', 'cf-ray', 'x-amzn-trace-id', 'traceparent'] as const;

/** Clients choose these, and they get into the log. */
const form = /^[\w.:;=/+-]{1,128}$/;

let prefix: string | undefined;
let count = 0;

/**
 * The identifier of a request for the log: the one that something in front of the mirror gave it, or
 * one of its own, which no other request of any instance has.
 */
export function requestIdOf(header: (name: string) => string | null | undefined): string {
  for (const name of names) {
    const given = header(name);
    if (given && form.test(given)) return given;
  }
  prefix ??= Math.random().toString(36).slice(2, 10);
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}
