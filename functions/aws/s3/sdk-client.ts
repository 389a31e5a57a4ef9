import type { S3Client } from '@aws-sdk/client-s3';
import type { CredentialSource } from '../../core/signing/credentials.ts';
import { sdkCredentials } from '../sdk/aws-credentials.ts';
import { silentLogger } from '../sdk/service.ts';
import type { BucketAddress } from './object-url.ts';

type Sdk = typeof import('./sdk.ts');

/** The SDK, and its clients for one bucket. */
export interface S3Sdk {
  readonly sdk: Sdk;
  readonly client: S3Client;
  /** Without keep-alive: a body that cannot be sent again must not meet a closed connection. */
  readonly streaming: S3Client;
}

export interface SdkClientOptions extends BucketAddress {
  readonly credentials: CredentialSource;
  /** After this long without a byte a connection is closed, in ms. */
  readonly longestSilence: number;
}

/** Creates the SDK's client for one bucket. */
export function createSdkClient(
  { S3Client }: Pick<Sdk, 'S3Client'>,
  { region, endpoint, dualStack, fips, credentials, longestSilence }: SdkClientOptions,
  { keepAlive }: { readonly keepAlive: boolean },
): S3Client {
  const agent = { keepAlive, maxSockets: 32 };
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    useDualstackEndpoint: dualStack === true && endpoint === undefined,
    useFipsEndpoint: fips === true && endpoint === undefined,
    // Everything is in the address, so that URLs are signed for the host that is written to.
    ignoreConfiguredEndpointUrls: true,
    credentials: () => sdkCredentials(credentials),
    maxAttempts: 4,
    logger: silentLogger,
    // Each command sets its own checksum.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 3000,
      // Limits silence and not the whole request: a streamed body may be slow.
      socketTimeout: longestSilence,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

/**
 * Middleware that sets the SHA-256 of the body, in hex or `UNSIGNED-PAYLOAD`, for S3 and the SDK's
 * signer. Otherwise the SDK would hash the body once more, and it cannot hash a stream.
 */
export function signedBody(sha256: string) {
  return <Args extends { readonly request: unknown }, Result>(
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

/** The options that make a call abortable. */
export function abortOptions(abortSignal: AbortSignal | undefined) {
  return abortSignal === undefined ? {} : { abortSignal };
}
