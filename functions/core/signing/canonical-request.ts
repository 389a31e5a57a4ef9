/** Percent-encodes all but the unreserved characters (SigV4, "UriEncode"; RFC 3986 §2.3). */
export function encodeStrictly(text: string): string {
  const encoded = encodeURIComponent(text);
  return /[!'()*]/.test(encoded) ? encoded.replace(/[!'()*]/g, encodeCharacter) : encoded;
}

function encodeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Decodes text; returns it unchanged if its encoding is invalid. */
function decodeLeniently(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const algorithm = 'AWS4-HMAC-SHA256';

/** S3 accepts this instead of a hash of the body. */
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

const plainPath = /^[\w./~-]*$/;

/** The canonical URI. Unlike other services, S3 encodes it only once. */
export function canonicalPath(pathname: string): string {
  if (plainPath.test(pathname)) return pathname;
  const segments = pathname.split('/');
  return segments.map((segment) => encodeStrictly(decodeLeniently(segment))).join('/');
}

/**
 * The encoded parameters of `search`, unsorted: `['prefix', 'a%2Fb']`. A plus sign is a space, as
 * URLSearchParams writes it.
 */
export function canonicalParameters(search: string): [name: string, value: string][] {
  if (search.length < 2) return [];
  const encode = (text: string) => encodeStrictly(decodeLeniently(text.replaceAll('+', ' ')));
  const parts = search.slice(1).split('&');
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      if (equals === -1) return [encode(part), ''];
      return [encode(part.slice(0, equals)), encode(part.slice(equals + 1))];
    });
}

/** The canonical query string: sorted by name, then by value, in the order of code units. */
export function canonicalQuery(parameters: readonly [name: string, value: string][]): string {
  const sorted = [...parameters].sort(
    ([name, value], [otherName, otherValue]) =>
      compare(name, otherName) || compare(value, otherValue),
  );
  return sorted.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A time as `20261121T124524Z`; the first eight characters are its day. */
export function amzDate(now: number): string {
  const iso = new Date(now).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}
