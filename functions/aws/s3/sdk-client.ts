import type { S3Client } from '@aws-sdk/client-s3';
import type { CredentialSource } from '../../core/signing/credentials.ts';
import { sdkCredentials } from '../sdk/aws-credentials.ts';
import { silentLogger } from '../sdk/service.ts';
import type { BucketAddress } from './object-url.ts';

/** The SDK's client and the commands that are used. */
type Sdk = typeof import('./sdk.ts');

/** The SDK, loaded, and its clients for one bucket. */
export interface LoadedSdk {
  readonly sdk: Sdk;
  readonly client: S3Client;
  /**
   * For a body that comes once, which must not find out that a kept connection is closed already.
   */
  readonly streaming: S3Client;
}

export interface SdkClientOptions extends BucketAddress {
  readonly credentials: CredentialSource;
  /** A connection that is silent for this long is given up, in ms. */
  readonly longestSilence: number;
}

/** Puts under way and their parts use so many connections at most. */
const mostConnections = 32;

/** The SDK's client for one bucket. */
export function createSdkClient(
  { S3Client }: Pick<Sdk, 'S3Client'>,
  { region, endpoint, dualStack, fips, credentials, longestSilence }: SdkClientOptions,
  { keepAlive }: { readonly keepAlive: boolean },
): S3Client {
  const agent = { keepAlive, maxSockets: mostConnections };
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    useDualstackEndpoint: dualStack === true && endpoint === undefined,
    useFipsEndpoint: fips === true && endpoint === undefined,
    // The address says all, so that URLs are signed for the host that is written to.
    ignoreConfiguredEndpointUrls: true,
    credentials: () => sdkCredentials(credentials),
    maxAttempts: 4,
    logger: silentLogger,
    // We say ourselves which checksum goes with which body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 3000,
      // Of silence, not of the whole request: a streamed body may come slowly.
      socketTimeout: longestSilence,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

interface SignedRequest {
  readonly request: unknown;
}

/**
 * Tells S3, and the SDK's signer, the SHA-256 of the body in hex, or that it is not signed: the SDK
 * would hash a body once more, and cannot hash a stream.
 */
export function signedBody(sha256: string) {
  return <Args extends SignedRequest, Result>(
    next: (args: Args) => Promise<Result>,
  ): ((args: Args) => Promise<Result>) =>
    (args) => {
      const { request } = args;
      if (hasHeaders(request)) request.headers['x-amz-content-sha256'] = sha256;
      return next(args);
    };
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}

/** What aborts a call. */
export function aborting(abortSignal: AbortSignal | undefined) {
  return abortSignal === undefined ? {} : { abortSignal };
}
