import type { Repository } from '../../oci/repository.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import type { Unobtained } from '../outcome.ts';
import { type Parts, upstreamOf } from '../parts.ts';

/**
 * Asks the upstream of a repository, which has a `name` there, and notes in its health how that
 * went. Rejects with an UpstreamError.
 */
export async function askUpstream<Result>(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  question: (upstream: Upstream, name: string) => Promise<Result>,
): Promise<Result> {
  const { upstream, health } = upstreamOf(parts, repository);
  try {
    const result = await question(upstream, repository.name);
    health.success();
    return result;
  } catch (error) {
    const failure = asUpstreamError(error, repository);
    // An answer that contradicts itself is one repository's trouble: the upstream is there.
    if (failure.kind !== 'invalid') health.failure(failure);
    throw failure;
  }
}

/** Anything thrown on the way to an upstream counts as a failure of it: a pull never breaks on it. */
export function asUpstreamError(error: unknown, { registry }: Repository): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('unavailable', `${registry} could not be asked`, { cause: error });
}

/** The outcome where the upstream failed and nothing stands in. */
export function unobtainable(error: unknown, repository: Repository): Unobtained {
  return { kind: 'unobtainable', error: asUpstreamError(error, repository) };
}
