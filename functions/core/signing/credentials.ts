/** What AWS, or a service that speaks S3, knows us by. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary credentials have one. */
  readonly sessionToken?: string | undefined;
  /** In ms since 1970; undefined when they do not expire, or when nobody knows. */
  readonly expires?: number | undefined;
}

/**
 * Gives the credentials of now: at once when they are at hand, so that signing costs no promise.
 * It is asked with `stale` when those it gave live too short; it may give them again when there are
 * no better ones.
 */
export type CredentialSource = (stale?: AwsCredentials) => AwsCredentials | Promise<AwsCredentials>;

/** Reads credentials that live for `needed` ms from now, or the longest-lived that there are. */
export function credentialsFor(
  source: CredentialSource,
  now: number,
  needed: number,
): AwsCredentials | Promise<AwsCredentials> {
  const lasting = (credentials: AwsCredentials) => {
    if (millisecondsLeft(credentials, now) >= needed) return credentials;
    const fresh = source(credentials);
    return fresh instanceof Promise ? fresh.then(notExpired) : notExpired(fresh);
  };
  const notExpired = (credentials: AwsCredentials) => {
    if (millisecondsLeft(credentials, now) > 0) return credentials;
    throw new Error('the AWS credentials have expired, and there are no newer ones');
  };
  const found = source();
  return found instanceof Promise ? found.then(lasting) : lasting(found);
}

/** How long the credentials may still be used, in ms; infinite when nobody knows. */
export function millisecondsLeft(credentials: AwsCredentials, now: number): number {
  return (credentials.expires ?? Number.POSITIVE_INFINITY) - now;
}

/**
 * SHA-256 and HMAC-SHA-256 of a platform. Both are synchronous, unlike Web Crypto's: a signature is
 * five of them, and five promises would cost more than the hashes.
 */
export interface Hashing {
  /** Lower-case hex. */
  sha256Hex(data: string | Uint8Array): string;
  hmac(key: string | Uint8Array, text: string): Uint8Array;
}
