import { FetchError } from './fetch-error.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * Turns what fetch or a body's reader threw into an UpstreamError; `what` names the registry and
 * the purpose. Of an error that its platform did not explain only the `part` is told.
 */
export function fetchFailure(
  what: string,
  error: unknown,
  part: 'no connection' | 'the body broke off',
): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (!(error instanceof FetchError)) {
    return new UpstreamError('unreachable', `${what}: ${part}`, { cause: error });
  }
  return new UpstreamError(error.kind, `${what}: ${error.message}`, { cause: error.cause });
}
