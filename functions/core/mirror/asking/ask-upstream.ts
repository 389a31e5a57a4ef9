import { UpstreamError } from '../../upstream/upstream-error.ts';
import type { MirroredUpstream } from '../parts.ts';

/** Runs a question to an upstream and notes in its health how that went. */
export async function askUpstream<Result>(
  mirrored: MirroredUpstream,
  question: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await question();
    mirrored.health.success();
    return result;
  } catch (error) {
    const failure = asUpstreamError(error, mirrored.upstream.registry);
    // An answer that contradicts itself is one repository's trouble: the upstream is there.
    if (failure.kind !== 'invalid') mirrored.health.failure(failure);
    throw failure;
  }
}

/** Anything thrown on the way to an upstream counts as a failure of it: a pull never breaks on it. */
export function asUpstreamError(error: unknown, registry: string): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('unavailable', `${registry} could not be asked`, { cause: error });
}
