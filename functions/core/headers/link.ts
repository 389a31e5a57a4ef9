/**
 * The target of the `rel="next"` link in a Link header (RFC 8288 §3, distribution-spec §Listing
 * tags).
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

/** Parses a URL, relative to `base` if given; undefined when it is invalid. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  return URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
}
