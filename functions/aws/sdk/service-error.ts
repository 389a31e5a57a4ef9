import { isThrottlingError } from '@smithy/core/retry';

/** Why a call of an AWS service gave no result. Its message holds no request, header or token. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** The service's own code (`ThrottlingException`), or `Unreachable`, `Timeout`. */
  readonly code: string;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(message: string, { code, status, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
  }
}

interface ErrorDetails {
  readonly code: string;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** Codes of answers whose message tells what was wrong and repeats nothing that was signed. */
const explained = new Set([
  'ConditionalCheckFailedException',
  'InvalidAttributeValue',
  'InvalidParameterValue',
  'ResourceInUseException',
  'ResourceNotFoundException',
  'SerializationException',
  'ValidationException',
]);

const longestMessage = 300;

/** Errors of the SDK itself whose message is of use and harmless. */
const explainedHere = new Set(['CredentialsProviderError', 'EndpointError']);

/**
 * The SDK's error of a call (`DynamoDB.GetItem`) as a ServiceError. The message of an answer about a
 * signature may repeat the request with its session token, and the SDK's error holds the whole
 * answer, so only the messages of harmless codes are kept.
 */
export function serviceError(call: string, error: unknown): ServiceError {
  const { name, message, status, requestId, code, syscall } = readSdkError(error);
  if (status !== undefined) {
    const known = /^[A-Za-z.]{1,100}$/.test(name) ? name : `Http${status}`;
    const detail = explained.has(known) ? `: ${message.slice(0, longestMessage)}` : '';
    const request = requestId === undefined ? '' : `, request ${requestId}`;
    const about = { code: known, status };
    return new ServiceError(`${call}: ${known} (${status}${request})${detail}`, about);
  }
  if (name === 'TimeoutError' && syscall === undefined && code !== 'ECONNRESET') {
    return code === undefined
      ? new ServiceError(`${call}: no connection in time`, { code: 'Unreachable' })
      : new ServiceError(`${call}: no answer in time`, { code: 'Timeout' });
  }
  // `connect ECONNREFUSED 127.0.0.1:8000`: host and port, never more.
  if (code !== undefined) {
    return new ServiceError(`${call}: ${message || code}`, { code: 'Unreachable' });
  }
  const detail = explainedHere.has(name) ? `: ${message}` : '';
  return new ServiceError(`${call}: ${name}${detail}`, { code: name });
}

/** True when a service refused a call because there are too many at the moment. */
export function isThrottling(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  const { code: name, status: httpStatusCode } = error;
  const $metadata = httpStatusCode === undefined ? {} : { httpStatusCode };
  return isThrottlingError({ name, message: '', $metadata });
}

/** True when the call surely had no effect, so that repeating even one that counts is right. */
export function isUntouched(error: unknown): boolean {
  const { name, status, code, syscall } = readSdkError(error);
  if (status !== undefined) return status < 500;
  // Of the SDK's two timeouts only the one of the answer has a code.
  const isConnectTimeout = name === 'TimeoutError' && code === undefined;
  return isConnectTimeout || syscall === 'connect' || syscall === 'getaddrinfo';
}

/** An error that the SDK rejects with, or one of Node's connections. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly code?: string;
  readonly syscall?: string;
}

function readSdkError(error: unknown) {
  const known: SdkError = error instanceof Error ? error : new Error(String(error));
  const { name, message, code, syscall, $metadata } = known;
  const { httpStatusCode: status, requestId } = $metadata ?? {};
  return { name, message, code, syscall, status, requestId };
}
