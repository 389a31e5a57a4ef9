import type { S3Client } from '@aws-sdk/client-s3';
import { unsignedPayload } from '../../core/signing/canonical-request.ts';
import {
  type AwsCredentials,
  type CredentialSource,
  millisecondsLeft,
} from '../../core/signing/credentials.ts';
import { S3Error, safeCode } from './bucket.ts';
import type { BucketAddress } from './object-url.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

export interface SdkClientOptions extends BucketAddress {
  readonly credentials: CredentialSource;
}

/** Puts under way and their parts use so many connections at most. */
const mostConnections = 32;

/** The SDK says on the console what it also rejects with. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The SDK's client for one bucket. */
export function createSdkClient(
  { S3Client }: Sdk,
  { region, endpoint, dualStack, credentials }: SdkClientOptions,
): S3Client {
  const agent = { keepAlive: true, maxSockets: mostConnections };
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    useDualstackEndpoint: dualStack === true && endpoint === undefined,
    credentials: () => sdkCredentials(credentials),
    maxAttempts: 4,
    logger: silent,
    // We say ourselves which checksum goes with which body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 3000,
      // Of silence, not of the whole request: a streamed body may come slowly.
      socketTimeout: 60_000,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

/** The SDK asks again when less than this is left, in ms; what has no end it would keep for good. */
const askedAgain = 4 * 60_000;

async function sdkCredentials(source: CredentialSource) {
  const now = Date.now();
  const found = await source();
  const lasting = millisecondsLeft(found, now) > askedAgain ? found : await source(found);
  return forSdk(lasting, now);
}

function forSdk(
  { accessKeyId, secretAccessKey, sessionToken, expires }: AwsCredentials,
  now: number,
) {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    expiration: new Date(expires ?? now + askedAgain),
  };
}

interface SignedRequest {
  readonly request: unknown;
}

/** Tells S3, and the SDK's signer, that the hash of the body is not signed, and not computed here. */
export function unsignedBody<Args extends SignedRequest, Result>(
  next: (args: Args) => Promise<Result>,
): (args: Args) => Promise<Result> {
  return (args) => {
    const { request } = args;
    if (hasHeaders(request)) request.headers['x-amz-content-sha256'] = unsignedPayload;
    return next(args);
  };
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}

/** An error of the SDK as ours; the signal's reason when it was aborted. */
export function s3Error(operation: string, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (!(error instanceof Error)) return new S3Error(operation, 'Unknown', undefined, error);
  const { name } = error;
  const code = 'code' in error ? error.code : undefined;
  const status = statusOf(error);
  const hasName = name !== 'Error' && name !== 'TypeError';
  // The SDK's error holds the answer and, in some of them, what was signed: it is not passed on.
  return new S3Error(operation, safeCode(hasName ? name : (code ?? name)), status);
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status = 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
