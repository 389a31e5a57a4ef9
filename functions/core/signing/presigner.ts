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
import { cachedSigningKey, type SigningKey } from './signing-key.ts';

/** S3 limits the life of a URL to seven days. In seconds. */
const longestLife = 7 * 24 * 3600;

/** Credentials that expire sooner are refreshed before they sign. In ms. */
const leastLife = 5 * 60_000;

/** A signed URL. */
export interface PresignedUrl {
  readonly url: string;
  /** In ms since 1970. */
  readonly expires: number;
}

export interface SignerOptions {
  /** The bucket's region: `us-east-1`. */
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Ms since 1970. */
  readonly now: () => number;
  readonly hashing: Hashing;
}

/** Presigns S3 URLs of one region; synchronously while the credentials are cached. */
export interface Signer {
  /**
   * A URL that works for `lifeSeconds`, or until the credentials expire. Throws or rejects if they
   * have expired.
   */
  presign(request: {
    readonly method: string;
    readonly url: URL;
    readonly lifeSeconds: number;
  }): PresignedUrl | Promise<PresignedUrl>;
}

/** Creates a signer with AWS Signature Version 4. */
export function createSigner({ region, credentials, now, hashing }: SignerOptions): Signer {
  const keyOf = cachedSigningKey(region, hashing);

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
        // The life starts at the date in the URL, which has whole seconds.
        return { url: signed, expires: Math.floor(time / 1000) * 1000 + life * 1000 };
      };
      const found = credentialsFor(credentials, time, needed);
      return found instanceof Promise ? found.then(sign) : sign(found);
    },
  };
}

/** The canonical query of the URL's own parameters and those of its signature. */
function queryOf(url: URL, signature: string): string {
  if (url.search === '') return signature;
  const parameters = [url.search, `?${signature}`].flatMap(canonicalParameters);
  return canonicalQuery(parameters);
}

interface UrlToSign {
  readonly method: string;
  readonly url: URL;
  /** `20261121T124524Z`. */
  readonly date: string;
  /** The canonical query, which includes `signatureParameters`. */
  readonly query: string;
}

/** The query parameters that describe a signature. */
export function signatureParameters(date: string, lifeSeconds: number, key: SigningKey): string {
  const token =
    key.tokenParameter === undefined ? '' : `&X-Amz-Security-Token=${key.tokenParameter}`;
  return `X-Amz-Algorithm=${algorithm}&X-Amz-Credential=${key.credentialParameter}&X-Amz-Date=${date}&X-Amz-Expires=${lifeSeconds}${token}&X-Amz-SignedHeaders=host`;
}

/** Signs a URL (SigV4, "Authenticating requests: using query parameters"). */
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
