import {
  algorithm,
  amzDate,
  canonicalHeaders,
  canonicalParameters,
  canonicalPath,
  canonicalQuery,
  emptyHash,
  unsignedPayload,
} from './canonical-request.ts';
import {
  type AwsCredentials,
  type CredentialSource,
  credentialsFor,
  type Hashing,
  millisecondsLeft,
} from './credentials.ts';
import { keptSigningKey, type SigningKey, type SigningPlace } from './signing-key.ts';

/** S3 takes no longer life of a URL: seven days. */
const longestLife = 7 * 24 * 3600;

/** Credentials that have less left than this are asked for anew before they sign, in ms. */
const leastLife = 5 * 60_000;

/** A signed URL. */
export interface PresignedUrl {
  readonly url: string;
  /** When it stops working, in ms since 1970. */
  readonly expires: number;
}

export interface SignerOptions extends SigningPlace {
  readonly credentials: CredentialSource;
  /** Ms since 1970. */
  readonly now: () => number;
  readonly hashing: Hashing;
}

/** Signs for one service in one region. Both methods answer at once while credentials are at hand. */
export interface Signer {
  /** The headers to send: those given, the date, the token and `authorization`. */
  headers(request: RequestToSign): Record<string, string> | Promise<Record<string, string>>;

  /**
   * A URL that anybody may use for `lifeSeconds`, or for as long as the credentials live when that
   * is shorter. Throws, or rejects, when the credentials have expired.
   */
  presign(request: {
    readonly method: string;
    readonly url: URL;
    readonly lifeSeconds: number;
  }): PresignedUrl | Promise<PresignedUrl>;
}

/** Builds a signer by AWS Signature Version 4. */
export function createSigner({
  region,
  service,
  credentials,
  now,
  hashing,
}: SignerOptions): Signer {
  const keyOf = keptSigningKey({ region, service }, hashing);

  /** `sign` at once when the credentials are there at once. */
  function withCredentials<Result>(
    time: number,
    needed: number,
    sign: (found: AwsCredentials) => Result,
  ): Result | Promise<Result> {
    const found = credentialsFor(credentials, time, needed);
    return found instanceof Promise ? found.then(sign) : sign(found);
  }

  return {
    headers(request) {
      const time = now();
      return withCredentials(time, leastLife, (found) => {
        const date = amzDate(time);
        return signedHeaders(request, { service, date }, keyOf(found, date.slice(0, 8)), hashing);
      });
    },

    presign({ method, url, lifeSeconds }) {
      const time = now();
      const needed = Math.min(lifeSeconds * 1000, leastLife);
      return withCredentials(time, needed, (found) => {
        const left = Math.floor(millisecondsLeft(found, time) / 1000);
        const life = Math.max(1, Math.min(Math.floor(lifeSeconds), left, longestLife));
        const date = amzDate(time);
        const key = keyOf(found, date.slice(0, 8));
        const query = queryOf(url, signatureParameters(date, life, key));
        const signed = presignedUrl({ method, url, service, date, query }, key, hashing);
        // The life is counted from the date that is written into the URL, in whole seconds.
        return { url: signed, expires: Math.floor(time / 1000) * 1000 + life * 1000 };
      });
    },
  };
}

/** The URL's own parameters and those of its signature, as they are signed. */
function queryOf(url: URL, signature: string): string {
  if (url.search === '') return signature;
  const parameters = [url.search, `?${signature}`].flatMap(canonicalParameters);
  return canonicalQuery(parameters);
}

/** What is signed into a URL. */
interface UrlToSign {
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

/** A request to be signed in its headers. */
interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  /** All of them are signed, so none may be changed on the way; names in lower case, without `host`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 of the body in hex; S3 also takes `UNSIGNED-PAYLOAD`. */
  readonly bodyHash: string;
}

/** The headers to send, the signature among them (SigV4, "Signing AWS API requests"). */
function signedHeaders(
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
