import type { Digest } from '../oci/digest.ts';
import { isManifestType } from '../oci/media-type.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import { goOnWithout } from '../ports/tolerate.ts';
import type { CallCount } from '../ports/upstream.ts';
import { askUpstream, unobtainable } from '../sources/ask-source.ts';
import type { Parts } from './context.ts';
import { whyUnservable } from './manifests/completeness.ts';
import { bringManifest } from './manifests/fetch-manifest.ts';
import { foundManifest, knownManifest, manifestKey } from './manifests/known-manifest.ts';
import type { Method } from './mirror.ts';
import type { ManifestOutcome } from './outcome.ts';
import { refusalLife } from './tags/check-tag.ts';
import { resolveTag } from './tags/resolve-tag.ts';

/** What a client gets that asks for a manifest: the decisions of functions/README.md, "Manifest". */
export async function resolveManifest(
  parts: Parts,
  repository: Repository,
  reference: Reference,
  method: Method,
  calls: CallCount,
): Promise<ManifestOutcome> {
  const outcome =
    reference.kind === 'digest'
      ? await resolveDigest(parts, repository, reference.digest, method, calls)
      : await resolveTag(parts, repository, reference.tag, method, calls);
  if (method === 'GET' && outcome.kind === 'found') {
    const avoided = outcome.provenance.kind === 'miss' ? 0 : 1;
    parts.ledger.count({ pullsServed: 1, pullsAvoided: avoided });
    markPulled(parts, repository, outcome.digest);
  }
  return outcome;
}

async function resolveDigest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  method: Method,
  calls: CallCount,
): Promise<ManifestOutcome> {
  // What was written a moment ago is found before anybody does the work again.
  const known = await knownManifest(parts, repository, digest, 'eventual');
  if (known !== undefined) {
    const failure = await whyUnservable(parts, repository, known, calls);
    if (failure !== undefined) return { kind: 'unobtainable', error: failure };
    return foundManifest(known, { kind: 'hit', ttl: undefined });
  }
  const key = manifestKey(repository, digest);
  const refused = parts.memory.refusals.get(key);
  if (refused !== undefined) return refused;
  try {
    const outcome =
      (method === 'HEAD' && (await headDigest(parts, repository, digest, calls))) ||
      (await bringManifest(parts, repository, digest, calls));
    if (outcome.kind === 'absent' || outcome.kind === 'denied') {
      parts.memory.refusals.set(key, outcome, refusalLife);
    }
    return outcome;
  } catch (error) {
    return unobtainable(error, repository);
  }
}

/** Asks by HEAD, so that a client's HEAD costs no pull; undefined when only a GET can tell. */
async function headDigest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<ManifestOutcome | undefined> {
  const head = await askUpstream(parts, repository, (upstream, name) =>
    upstream.headManifest(name, { kind: 'digest', digest }, calls),
  );
  if (head.kind === 'absent' || head.kind === 'denied') return head;
  if (head.kind === 'unsupported' || !head.size || !isManifestType(head.mediaType))
    return undefined;
  const { mediaType, size } = head;
  return { kind: 'found', digest, mediaType, size, bytes: undefined, provenance: { kind: 'miss' } };
}

/** Notes that a manifest was pulled, for eviction; at most once an interval, behind the answer. */
function markPulled(parts: Parts, repository: Repository, digest: Digest): void {
  const key = manifestKey(repository, digest);
  if (parts.memory.marks.get(key) !== undefined) return;
  const now = parts.runtime.now();
  parts.memory.marks.set(key, now, parts.markInterval);
  parts.runtime.waitUntil(
    goOnWithout(parts, 'mark pulled', parts.manifests.markPulled(repository, digest, now)),
  );
}
