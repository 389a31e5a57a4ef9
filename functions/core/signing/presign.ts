import { algorithm, canonicalPath, emptyHash, unsignedPayload } from './canonical-request.ts';
import type { Hashing } from './hashing.ts';
import type { SigningKey } from './signing-key.ts';

/** What is signed into a URL. */
export interface UrlToSign {
  readonly method: string;
  readonly url: URL;
  readonly service: string;
  /** As `20261121T124524Z`. */
  readonly date: string;
  /** The query as it is signed, `signatureParameters` among its parameters. */
  readonly query: string;
}

/** What the query of a signed URL says of its signature. */
export function signatureParameters(date: string, lifeSeconds: number, key: SigningKey): string {
  const token =
    key.tokenParameter === undefined ? '' : `&X-Amz-Security-Token=${key.tokenParameter}`;
  return `X-Amz-Algorithm=${algorithm}&X-Amz-Credential=${key.credentialParameter}&X-Amz-Date=${date}&X-Amz-Expires=${lifeSeconds}${token}&X-Amz-SignedHeaders=host`;
}

/** A URL that carries its signature (SigV4, "Authenticating requests: using query parameters"). */
export function presignedUrl(
  { method, url, service, date, query }: UrlToSign,
  key: SigningKey,
  hashing: Hashing,
): string {
  const path = canonicalPath(url.pathname, service);
  const bodyHash = service === 's3' ? unsignedPayload : emptyHash;
  const request = `${method}\n${path}\n${query}\nhost:${url.host}\n\nhost\n${bodyHash}`;
  const signature = key.sign(`${algorithm}\n${date}\n${key.scope}\n${hashing.sha256Hex(request)}`);
  return `${url.protocol}//${url.host}${path}?${query}&X-Amz-Signature=${signature}`;
}
