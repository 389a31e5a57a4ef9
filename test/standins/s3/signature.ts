import { createHash, createHmac } from 'node:crypto';
import type { ArrivedRequest } from './arrived-request.ts';

/** The only algorithm of Signature Version 4 that buckets take here. */
export const algorithm = 'AWS4-HMAC-SHA256';

/** What a client says it signed. */
export interface Signature {
  readonly accessKeyId: string;
  /** As `20261121`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  /** As `20261121T124524Z`. */
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** The hash of the body, or the word that stands for it. */
  readonly bodyHash: string;
}

/**
 * Whether the signature is the one that the secret gives ("Signature Calculations for the
 * Authorization Header"). Written apart from the code that signs, to be able to disagree with it.
 */
export function isSignedBy(secret: string, claimed: Signature, request: ArrivedRequest): boolean {
  const { day, region, service, terminator, date } = claimed;
  const scope = [day, region, service, terminator].join('/');
  const canonical = createHash('sha256').update(canonicalRequest(request, claimed)).digest('hex');
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [day, region, service, terminator]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  const expected = createHmac('sha256', key)
    .update([algorithm, date, scope, canonical].join('\n'))
    .digest('hex');
  return claimed.signature === expected;
}

function canonicalRequest(request: ArrivedRequest, claimed: Signature): string {
  const pairs = request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  const headers = claimed.signedHeaders.map((name) => {
    const value = request.headers.get(name) ?? '';
    return `${name}:${value.trim().replaceAll(/\s+/g, ' ')}\n`;
  });
  return [
    request.method,
    request.path.split('/').map(encoded).join('/'),
    pairs.map(([name, value]) => `${name}=${value}`).join('&'),
    headers.join(''),
    claimed.signedHeaders.join(';'),
    claimed.bodyHash,
  ].join('\n');
}

/** Everything but the unreserved characters of RFC 3986, in upper-case hex. */
function encoded(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9\-._~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
