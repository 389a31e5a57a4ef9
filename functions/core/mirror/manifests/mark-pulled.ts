import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { Parts } from '../context.ts';
import { manifestKey } from './known-manifest.ts';

/** Notes that a manifest was pulled, for eviction; at most once an interval, behind the answer. */
export function markPulled(parts: Parts, repository: Repository, digest: Digest): void {
  const key = manifestKey(repository, digest);
  if (parts.memory.marks.get(key) !== undefined) return;
  const now = parts.runtime.now();
  parts.memory.marks.set(key, now, parts.markInterval);
  parts.runtime.waitUntil(
    goOnWithout(parts, 'mark pulled', parts.manifests.markPulled(repository, digest, now)),
  );
}
