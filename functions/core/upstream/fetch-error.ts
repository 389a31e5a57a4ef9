import { type Answerer, UpstreamError } from '../ports/upstream-error.ts';

/**
 * What a platform's fetch, or a body of it, throws where the platform knows more than that it
 * failed. Its message says what happened, and its cause is kept: neither may hold a secret.
 */
export class FetchError extends Error {
  readonly kind: 'limited' | 'timeout' | 'unreachable';

  constructor(kind: FetchError['kind'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * Turns what fetch or a body's reader threw into an UpstreamError; `what` names the registry and
 * the purpose. Of an error that its platform did not explain only the `part` is told. `known` is
 * who was asked, and the status of an answer whose body failed.
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
  const { kind, message, cause } = error;
  return new UpstreamError(kind, `${what}: ${message}`, { ...known, cause });
}
