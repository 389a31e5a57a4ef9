import {
  algorithm,
  canonicalHeaders,
  canonicalParameters,
  canonicalPath,
  canonicalQuery,
} from './canonical-request.ts';
import type { Hashing } from './hashing.ts';
import type { SigningKey } from './signing-key.ts';

/** A request to be signed in its headers. */
export interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  /** All of them are signed, so none may be changed on the way; names in lower case, without `host`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 of the body in hex; S3 also takes `UNSIGNED-PAYLOAD`. */
  readonly bodyHash: string;
}

/** The headers to send, the signature among them (SigV4, "Signing AWS API requests"). */
export function signedHeaders(
  { method, url, headers, bodyHash }: RequestToSign,
  { service, date }: { readonly service: string; readonly date: string },
  key: SigningKey,
  hashing: Hashing,
): Record<string, string> {
  const { accessKeyId, sessionToken } = key.credentials;
  const sent: Record<string, string> = { ...headers, 'x-amz-date': date };
  if (sessionToken !== undefined) sent['x-amz-security-token'] = sessionToken;
  if (service === 's3') sent['x-amz-content-sha256'] = bodyHash;
  const { lines, names } = canonicalHeaders({ ...sent, host: url.host });
  const query = canonicalQuery(canonicalParameters(url.search));
  const path = canonicalPath(url.pathname, service);
  const request = `${method}\n${path}\n${query}\n${lines}\n${names}\n${bodyHash}`;
  const signature = key.sign(`${algorithm}\n${date}\n${key.scope}\n${hashing.sha256Hex(request)}`);
  sent.authorization = `${algorithm} Credential=${accessKeyId}/${key.scope}, SignedHeaders=${names}, Signature=${signature}`;
  return sent;
}
