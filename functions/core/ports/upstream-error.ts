import type { CountedRate } from '../headers/rate-limit.ts';

/**
 * Why an upstream gave no usable answer:
 * - `limited`: 429, or Docker Hub's abuse page, which Node's HTTP parser refuses;
 * - `unavailable`: 5xx, or another status that says nothing about the content;
 * - `unreachable`: no connection, or one that broke off;
 * - `timeout`: too slow (connection, headers, or a stall of the body);
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

/** The host that was asked when a request failed. */
export interface Answerer {
  /**
   * - `registry`: the registry itself;
   * - `token-service`: the host of a challenge's realm;
   * - `blob-host`: the target of a blob's redirect, a CDN or a bucket;
   * - `other-host`: the target of any other redirect.
   */
  readonly role: 'registry' | 'token-service' | 'blob-host' | 'other-host';
  /** `host` or `host:port` */
  readonly host: string;
  /** True if it answered other requests while this one failed. */
  readonly isAlive?: boolean;
}

/** `pulls`: only GETs of manifests count; `abuse`: every request does. */
export type LimitKind = 'pulls' | 'abuse';

interface FailureDetails {
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly answerer?: Answerer | undefined;
  readonly isRefusal?: boolean | undefined;
  readonly limit?: LimitKind | undefined;
  readonly rate?: CountedRate | undefined;
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** An upstream registry failed to answer. The message names the registry and never a secret. */
export class UpstreamError extends Error {
  readonly kind: UpstreamErrorKind;
  /** The HTTP status, if there was an answer; its body may have broken off. */
  readonly status: number | undefined;
  /** The wait that the upstream asked for, in seconds. */
  readonly retryAfter: number | undefined;
  /** Undefined when no host was asked. */
  readonly answerer: Answerer | undefined;
  /** True if the host refused this repository and no other: without a copy, there is none. */
  readonly isRefusal: boolean;
  /** Which limit was reached, if the kind is `limited` and the answer tells. */
  readonly limit: LimitKind | undefined;
  /** What the answer says is left. */
  readonly rate: CountedRate | undefined;
  /** True if the mirror sent no request, because of what it knows of the registry's limits. */
  readonly isUnsent: boolean;

  constructor(kind: UpstreamErrorKind, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UpstreamError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.answerer = details.answerer;
    this.isRefusal = details.isRefusal ?? false;
    this.limit = details.limit;
    this.rate = details.rate;
    this.isUnsent = details.isUnsent ?? false;
  }
}

/** The error for an unusable answer; `what` names the registry and the purpose. */
export function invalidAnswer(what: string, reason: string, status?: number): UpstreamError {
  return new UpstreamError('invalid', `${what}: ${reason}`, { status });
}
