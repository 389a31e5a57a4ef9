import {
  algorithm,
  amzDate,
  canonicalParameters,
  canonicalPath,
  canonicalQuery,
  unsignedPayload,
} from './canonical-request.ts';
import {
  type AwsCredentials,
  type CredentialSource,
  credentialsFor,
  type Hashing,
  millisecondsLeft,
} from './credentials.ts';
import { keptSigningKey, type SigningKey } from './signing-key.ts';

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

export interface SignerOptions {
  /** Of the bucket: `us-east-1`. */
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Ms since 1970. */
  readonly now: () => number;
  readonly hashing: Hashing;
}

/** Signs URLs of S3 in one region, at once while credentials are at hand. */
export interface Signer {
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

/** Builds a signer of URLs of S3 by AWS Signature Version 4. */
export function createSigner({ region, credentials, now, hashing }: SignerOptions): Signer {
  const keyOf = keptSigningKey(region, hashing);

  return {
    presign({ method, url, lifeSeconds }) {
      const time = now();
      const needed = Math.min(lifeSeconds * 1000, leastLife);
      const sign = (found: AwsCredentials) => {
        const left = Math.floor(millisecondsLeft(found, time) / 1000);
        const life = Math.max(1, Math.min(Math.floor(lifeSeconds), left, longestLife));
        const date = amzDate(time);
        const key = keyOf(found, date.slice(0, 8));
        const query = queryOf(url, signatureParameters(date, life, key));
        const signed = presignedUrl({ method, url, date, query }, key, hashing);
        // The life is counted from the date that is written into the URL, in whole seconds.
        return { url: signed, expires: Math.floor(time / 1000) * 1000 + life * 1000 };
      };
      const found = credentialsFor(credentials, time, needed);
      return found instanceof Promise ? found.then(sign) : sign(found);
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
  { method, url, date, query }: UrlToSign,
  key: SigningKey,
  hashing: Hashing,
): string {
  const path = canonicalPath(url.pathname);
  const request = `${method}\n${path}\n${query}\nhost:${url.host}\n\nhost\n${unsignedPayload}`;
  const signature = key.sign(`${algorithm}\n${date}\n${key.scope}\n${hashing.sha256Hex(request)}`);
  return `${url.protocol}//${url.host}${path}?${query}&X-Amz-Signature=${signature}`;
}
