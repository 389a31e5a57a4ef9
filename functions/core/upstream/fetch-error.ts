import { type Answerer, UpstreamError } from '../ports/upstream-error.ts';

/**
 * Thrown by a platform's fetch, or by a response's body, if the platform knows the reason. Neither the
 * message nor the cause may hold a secret.
 */
export class FetchError extends Error {
  /** `invalid`: the request must not be sent. */
  readonly kind: 'limited' | 'timeout' | 'unreachable' | 'invalid';
  /** True if the host answered other requests meanwhile. */
  readonly isHostAlive: boolean;

  constructor(
    kind: FetchError['kind'],
    message: string,
    options: { readonly cause?: unknown; readonly isHostAlive?: boolean } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.isHostAlive = options.isHostAlive ?? false;
  }
}

/**
 * Converts an error of fetch or of a body's reader to an UpstreamError; `what` names the registry and
 * the purpose. If the platform gives no reason, the message only names the `part` that failed. `known`
 * is who was asked, and the status of an answer whose body failed.
 */
export function fetchFailure(
  what: string,
  error: unknown,
  part: 'no connection' | 'the body broke off',
  known: { readonly answerer?: Answerer | undefined; readonly status?: number } = {},
): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (!(error instanceof FetchError)) {
    return new UpstreamError('unreachable', `${what}: ${part}`, { ...known, cause: error });
  }
  const { kind, message, cause, isHostAlive } = error;
  const answerer = known.answerer && { ...known.answerer, isAlive: isHostAlive };
  return new UpstreamError(kind, `${what}: ${message}`, { ...known, answerer, cause });
}
