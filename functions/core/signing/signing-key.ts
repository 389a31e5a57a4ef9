import { toHex } from '../bytes/byte-array.ts';
import { encodeStrictly } from './canonical-request.ts';
import type { AwsCredentials, Hashing } from './credentials.ts';

/** The parts of a signature that only change with the credentials and the day. */
export interface SigningKey {
  /** The day as `20261121`, in UTC. */
  readonly day: string;
  readonly credentials: AwsCredentials;
  /** `20261121/us-east-1/s3/aws4_request`. */
  readonly scope: string;
  /** The access key id and the scope, encoded for a query. */
  readonly credentialParameter: string;
  /** Encoded for a query. */
  readonly tokenParameter: string | undefined;
  /** The signature of a string to sign, in hex. */
  sign(text: string): string;
}

/**
 * Derives the signing key for S3 in a region (`auto` for R2) and caches it until the credentials or
 * the day change (SigV4, "Derive a signing key").
 */
export function cachedSigningKey(
  region: string,
  hashing: Hashing,
): (credentials: AwsCredentials, day: string) => SigningKey {
  let cached: SigningKey | undefined;
  return (credentials, day) => {
    if (cached?.day === day && areSame(cached.credentials, credentials)) return cached;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    let key = hashing.hmac(`AWS4${secretAccessKey}`, day);
    for (const part of [region, 's3', 'aws4_request']) key = hashing.hmac(key, part);
    const scope = `${day}/${region}/s3/aws4_request`;
    cached = {
      day,
      credentials,
      scope,
      credentialParameter: encodeStrictly(`${accessKeyId}/${scope}`),
      tokenParameter: sessionToken === undefined ? undefined : encodeStrictly(sessionToken),
      sign: (text) => toHex(hashing.hmac(key, text)),
    };
    return cached;
  };
}

function areSame(one: AwsCredentials, other: AwsCredentials): boolean {
  return (
    one.secretAccessKey === other.secretAccessKey &&
    one.accessKeyId === other.accessKeyId &&
    one.sessionToken === other.sessionToken
  );
}
