import { isThrottlingError } from '@smithy/core/retry';

/** A failed call of an AWS service. Its message contains no request, header or token. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** The service's error code (`ThrottlingException`), or `Unreachable` or `Timeout`. */
  readonly code: string;
  /** The HTTP status; undefined without a response. */
  readonly status: number | undefined;
  /** Why DynamoDB cancelled a transaction, for each of its writes: `ConditionalCheckFailed`, `None`. */
  readonly reasons: readonly string[];

  constructor(message: string, { code, status, reasons = [], cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.reasons = reasons;
  }
}

interface ErrorDetails {
  readonly code: string;
  readonly status?: number | undefined;
  readonly reasons?: readonly string[];
  readonly cause?: unknown;
}

/** Error codes whose messages are useful and never repeat parts of the signed request. */
const safeCodes = new Set([
  'ConditionalCheckFailedException',
  'InvalidAttributeValue',
  'InvalidParameterValue',
  'ResourceInUseException',
  'ResourceNotFoundException',
  'SerializationException',
  'ValidationException',
]);

const longestMessage = 300;

/** The same for errors of the SDK itself. */
const safeErrors = new Set(['CredentialsProviderError', 'EndpointError']);

/**
 * Converts an SDK error of a call (`DynamoDB.GetItem`). A service's message about a signature may
 * repeat the request with its session token, and the SDK's error has the whole response, so only
 * messages of safe codes are kept.
 */
export function serviceError(call: string, error: unknown): ServiceError {
  const { name, message, status, requestId, code, syscall, reasons } = readSdkError(error);
  if (status !== undefined) {
    const known = /^[A-Za-z.]{1,100}$/.test(name) ? name : `Http${status}`;
    const text = reasons.length > 0 ? reasons.join(', ') : message.slice(0, longestMessage);
    const detail = safeCodes.has(known) || reasons.length > 0 ? `: ${text}` : '';
    const request = requestId === undefined ? '' : `, request ${requestId}`;
    const about = { code: known, status, reasons };
    return new ServiceError(`${call}: ${known} (${status}${request})${detail}`, about);
  }
  if (name === 'TimeoutError' && syscall === undefined && code !== 'ECONNRESET') {
    return code === undefined
      ? new ServiceError(`${call}: timed out while connecting`, { code: 'Unreachable' })
      : new ServiceError(`${call}: timed out waiting for the response`, { code: 'Timeout' });
  }
  // Contains at most a host and a port: `connect ECONNREFUSED 127.0.0.1:8000`.
  if (code !== undefined) {
    return new ServiceError(`${call}: ${message || code}`, { code: 'Unreachable' });
  }
  const detail = safeErrors.has(name) ? `: ${message}` : '';
  return new ServiceError(`${call}: ${name}${detail}`, { code: name });
}

/** Whether a service throttled a call. */
export function isThrottling(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  const { code: name, status: httpStatusCode } = error;
  const $metadata = httpStatusCode === undefined ? {} : { httpStatusCode };
  return isThrottlingError({ name, message: '', $metadata });
}

/** Whether a call certainly had no effect, so that even a counter's update can be retried. */
export function hadNoEffect(error: unknown): boolean {
  const { name, status, code, syscall } = readSdkError(error);
  if (status !== undefined) return status < 500;
  // Of the SDK's timeout errors, the one for the response has a code.
  const isConnectTimeout = name === 'TimeoutError' && code === undefined;
  return isConnectTimeout || syscall === 'connect' || syscall === 'getaddrinfo';
}

/** An error of the SDK, or of a connection of Node. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly code?: string;
  readonly syscall?: string;
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

function readSdkError(error: unknown) {
  const known: SdkError = error instanceof Error ? error : new Error(String(error));
  const { name, message, code, syscall, $metadata, CancellationReasons = [] } = known;
  const { httpStatusCode: status, requestId } = $metadata ?? {};
  const reasons = CancellationReasons.map(({ Code = 'None' }) => Code);
  return { name, message, code, syscall, status, requestId, reasons };
}
