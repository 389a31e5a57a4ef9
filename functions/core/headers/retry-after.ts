/** In seconds. */
const longest = 3600;

const unitSeconds: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** `1m30s`, `1.16ms`: a duration as Go prints it. */
const goDuration = /^(?:\d{1,12}(?:\.\d{1,12})?(?:h|ms|m|s|us|µs|ns))+$/;

/** A date of RFC 9110 §5.6.7. `Date.parse` alone accepts nearly any text with a number in it. */
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, [\w :-]{10,40} GMT$/;

function goSeconds(text: string): number {
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([^\d.]+)/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? 0);
  }
  return seconds;
}

function secondsOf(text: string, now: number): number | undefined {
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) {
    const value = Number(text);
    // Docker Hub's API sends the time itself in seconds since 1970; others send milliseconds.
    if (value > 1e12) return (value - now) / 1000;
    return value > 1e9 ? value - now / 1000 : value;
  }
  if (goDuration.test(text)) return goSeconds(text);
  if (!httpDate.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : (date - now) / 1000;
}

/**
 * Parses a Retry-After header into whole seconds from `now` (ms since 1970), 1 to 3600. Besides the
 * two forms of RFC 9110 §10.2.3 it accepts Unix times and Go durations such as `1.16ms`; undefined
 * for anything else.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const seconds = header === null ? undefined : secondsOf(header.trim(), now);
  if (seconds === undefined) return undefined;
  return Math.min(longest, Math.max(1, Math.ceil(seconds)));
}

/** The wait that ghcr.io gives only in the text of its error: `retry-after: 1.16ms, allowed: …`. */
export function retryAfterInText(text: string, now: number): number | undefined {
  const match = /retry-after:\s{0,8}([\d.]{1,20}[a-zµ]{0,2})/i.exec(text);
  return parseRetryAfter(match?.[1] ?? null, now);
}
