import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { CallCount } from '../../ports/upstream.ts';
import type { Parts } from '../context.ts';
import type { ManifestOutcome } from '../outcome.ts';
import { fetchManifest } from './fetch-manifest.ts';
import { foundManifest } from './known-manifest.ts';

/** Answers with a manifest that has to be fetched first. Rejects with an UpstreamError. */
export async function bringManifest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<ManifestOutcome> {
  const before = calls.upstreamCalls;
  const fetched = await fetchManifest(parts, repository, digest, calls);
  if (fetched.kind !== 'found') return fetched;
  // Whoever shared another's GET avoided one: only the request that sent it counts as a miss.
  const paid = calls.upstreamCalls > before;
  return foundManifest(fetched.known, paid ? { kind: 'miss' } : { kind: 'hit', ttl: undefined });
}
