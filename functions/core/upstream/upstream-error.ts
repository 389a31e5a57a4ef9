/**
 * Why an upstream gave no usable answer:
 * - `limited`: 429, or Docker Hub's abuse page that Node's HTTP parser refuses;
 * - `unavailable`: a 5xx or another status that says nothing about the content;
 * - `unreachable`: no connection, or one that broke;
 * - `timeout`: a deadline passed (connection, headers or a stall of the body);
 * - `invalid`: an answer that contradicts itself or the specification;
 * - `credentials`: the token service or the registry refused the configured credentials.
 */
export type UpstreamErrorKind =
  | 'limited'
  | 'unavailable'
  | 'unreachable'
  | 'timeout'
  | 'invalid'
  | 'credentials';

/** An upstream registry failed to answer. The message names the registry and never a secret. */
export class UpstreamError extends Error {
  readonly kind: UpstreamErrorKind;
  /** The HTTP status, when there was one. */
  readonly status: number | undefined;
  /** Seconds after which the upstream may be asked again, when it said so. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: UpstreamErrorKind,
    message: string,
    details: { status?: number | undefined; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UpstreamError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
  }
}

/** The error for an answer that cannot be used; `what` names the registry and the purpose. */
export function invalidAnswer(what: string, reason: string, status?: number): UpstreamError {
  return new UpstreamError('invalid', `${what}: ${reason}`, { status });
}
