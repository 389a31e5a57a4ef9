import { type Parts, upstreamOf } from '../mirror/context.ts';
import type { Unobtained } from '../mirror/outcome.ts';
import type { Repository } from '../oci/repository.ts';
import type { BlobOpening, Upstream } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

/**
 * Asks the upstream of a repository, which has a `name` there, and notes in its health how that
 * went. Rejects with an UpstreamError.
 */
export async function askUpstream<Result extends { readonly kind: string }>(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  question: (upstream: Upstream, name: string) => Promise<Result>,
): Promise<Result> {
  const { upstream, health } = upstreamOf(parts, repository);
  const { name } = repository;
  const tokenService = upstream.tokenServiceOf(name);
  try {
    const result = await question(upstream, name);
    health.success(name, tokenService, result.kind === 'denied');
    return result;
  } catch (error) {
    throw noteFailure(parts, repository, error);
  }
}

/** The same for the bytes of a blob, which another host than the registry may send. */
export async function askForBlob(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  question: (upstream: Upstream, name: string) => Promise<BlobOpening>,
): Promise<BlobOpening> {
  return noteArrival(parts, repository, await askUpstream(parts, repository, question));
}

/** Asks the host for a blob that the registry redirected to before, and not the registry. */
export async function askBlobHost(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  question: (upstream: Upstream, name: string) => Promise<BlobOpening>,
): Promise<BlobOpening> {
  const { upstream } = upstreamOf(parts, repository);
  try {
    return noteArrival(parts, repository, await question(upstream, repository.name));
  } catch (error) {
    throw noteFailure(parts, repository, error);
  }
}

function noteArrival(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  opening: BlobOpening,
): BlobOpening {
  const { health } = upstreamOf(parts, repository);
  if (opening.kind === 'found') health.blobArrives(repository.name, opening.blobHost);
  return opening;
}

function noteFailure(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
  error: unknown,
): UpstreamError {
  const failure = asUpstreamError(error, repository);
  upstreamOf(parts, repository).health.failure(repository.name, failure);
  return failure;
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
