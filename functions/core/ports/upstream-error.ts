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

/** Who was asked when a request failed. */
export interface Answerer {
  /**
   * - `registry`: the registry itself;
   * - `token-service`: the host of a challenge's realm;
   * - `blob-host`: where a blob's redirect leads to, a CDN or a bucket;
   * - `other-host`: where the redirect of anything else leads to.
   */
  readonly role: 'registry' | 'token-service' | 'blob-host' | 'other-host';
  /** With its port where it has one. */
  readonly host: string;
}

/** What is known of a failure besides its kind. */
interface FailureDetails {
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly answerer?: Answerer | undefined;
  readonly cause?: unknown;
}

/** An upstream registry failed to answer. The message names the registry and never a secret. */
export class UpstreamError extends Error {
  readonly kind: UpstreamErrorKind;
  /** The HTTP status, when there was one: also of an answer whose body broke off. */
  readonly status: number | undefined;
  /** Seconds after which the upstream may be asked again, when it said so. */
  readonly retryAfter: number | undefined;

  /** Who failed; undefined when nobody was asked. */
  readonly answerer: Answerer | undefined;

  constructor(kind: UpstreamErrorKind, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UpstreamError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.answerer = details.answerer;
  }
}

/** The error for an answer that cannot be used; `what` names the registry and the purpose. */
export function invalidAnswer(what: string, reason: string, status?: number): UpstreamError {
  return new UpstreamError('invalid', `${what}: ${reason}`, { status });
}
