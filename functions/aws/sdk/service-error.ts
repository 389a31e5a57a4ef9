/** Why a call of an AWS service gave no result. Its message holds no request, header or token. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** The service's own code (`ThrottlingException`), or `Unreachable`, `Timeout`, `BadAnswer`. */
  readonly code: string;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;
  /** True when the same call may succeed a little later. */
  readonly retryable: boolean;
  /** True when the service surely did nothing, so that repeating even a counting call is right. */
  readonly untouched: boolean;

  constructor(
    message: string,
    about: {
      readonly code: string;
      readonly status?: number | undefined;
      readonly retryable: boolean;
      readonly untouched: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.code = about.code;
    this.status = about.status;
    this.retryable = about.retryable;
    this.untouched = about.untouched;
  }
}

/** Too many requests: the service says so before it does anything. */
const throttling = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** True when a service refused a call because there are too many at the moment. */
export function isThrottling(error: unknown): error is ServiceError {
  return error instanceof ServiceError && (throttling.has(error.code) || error.status === 429);
}

/** Codes whose message tells what was wrong and repeats nothing that was signed. */
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

/**
 * An error answer of a JSON service as a ServiceError: the code stands in `__type`, behind a `#` in
 * most services. A message about a signature may repeat the request with its session token, so
 * only those of harmless codes are kept.
 */
export function errorOfAnswer(
  call: string,
  status: number,
  answer: { readonly __type?: unknown; readonly message?: unknown; readonly Message?: unknown },
): ServiceError {
  const type = typeof answer.__type === 'string' ? answer.__type : '';
  const named = type.slice(type.lastIndexOf('#') + 1);
  const code = /^[A-Za-z.]{1,100}$/.test(named) ? named : `Http${status}`;
  const said = answer.message ?? answer.Message;
  const detail =
    typeof said === 'string' && explained.has(code) ? `: ${said.slice(0, longestMessage)}` : '';
  const isThrottled = throttling.has(code) || status === 429;
  return new ServiceError(`${call}: ${code} (${status})${detail}`, {
    code,
    status,
    retryable: isThrottled || status >= 500,
    untouched: isThrottled || status < 500,
  });
}
