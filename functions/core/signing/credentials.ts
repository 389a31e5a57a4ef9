/** Credentials for AWS or another service with the S3 API. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only for temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** In ms since 1970; undefined if they do not expire, or if it is unknown. */
  readonly expires?: number | undefined;
}

/**
 * Returns the current credentials; synchronously if they are cached, so that signing needs no
 * promise. `stale` are credentials that expire too soon: the source refreshes them if it can.
 */
export type CredentialSource = (stale?: AwsCredentials) => AwsCredentials | Promise<AwsCredentials>;

/** Gets credentials that are valid for `needed` ms, or else those that are valid longest. */
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
    throw new Error('the AWS credentials have expired');
  };
  const found = source();
  return found instanceof Promise ? found.then(lasting) : lasting(found);
}

/** How long the credentials are still valid, in ms; infinite if it is unknown. */
export function millisecondsLeft(credentials: AwsCredentials, now: number): number {
  return (credentials.expires ?? Number.POSITIVE_INFINITY) - now;
}

/**
 * SHA-256 and HMAC-SHA-256 of a platform. Unlike Web Crypto's they are synchronous: a signature needs
 * five, and five promises would cost more than the hashes.
 */
export interface Hashing {
  /** Lower-case hex. */
  sha256Hex(data: string | Uint8Array): string;
  hmac(key: string | Uint8Array, text: string): Uint8Array;
}
