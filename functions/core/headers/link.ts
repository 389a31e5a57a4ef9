/**
 * The target of the link with `rel="next"` in a Link header; undefined when there is none
 * (RFC 8288 §3, distribution-spec §Listing tags).
 */
export function nextLink(header: string | null): string | undefined {
  if (header === null) return undefined;
  for (const [, target, parameters] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (
      /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))/i.test(parameters ?? '')
    ) {
      return target;
    }
  }
  return undefined;
}

/** A URL, relative to `base` where there is one; undefined for a text that is none. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  return URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
}
