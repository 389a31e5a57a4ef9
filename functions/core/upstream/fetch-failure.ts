import { type Answerer, UpstreamError } from '../ports/upstream-error.ts';
import { FetchError } from './fetch-error.ts';

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
