import type { Digest } from '../oci/digest.ts';
import { isManifestType } from '../oci/media-type.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import type { Source } from '../sources/source.ts';
import type { Context } from './context.ts';
import { whyUnservable } from './manifests/completeness.ts';
import { bringManifest } from './manifests/fetch-manifest.ts';
import { foundManifest, knownManifest, manifestKey } from './manifests/known-manifest.ts';
import { refusalLife } from './memory.ts';
import type { Method } from './mirror.ts';
import type { ManifestOutcome } from './outcome.ts';
import { resolveTag } from './tags/resolve-tag.ts';

/** What a client gets that asks for a manifest: the decisions of functions/README.md, "Manifest". */
export async function resolveManifest(
  context: Context,
  source: Source,
  reference: Reference,
  method: Method,
): Promise<ManifestOutcome> {
  const outcome =
    reference.kind === 'digest'
      ? await resolveDigest(context, source, reference.digest, method)
      : await resolveTag(context, source, reference.tag, method);
  if (method === 'GET' && outcome.kind === 'found') {
    const avoided = outcome.provenance.kind === 'miss' ? 0 : 1;
    context.ledger.count({ pullsServed: 1, pullsAvoided: avoided });
    markPulled(context, source.repository, outcome.digest);
  }
  return outcome;
}

async function resolveDigest(
  context: Context,
  source: Source,
  digest: Digest,
  method: Method,
): Promise<ManifestOutcome> {
  // What was written a moment ago is found before anybody does the work again.
  const known = await knownManifest(context, source.repository, digest, 'eventual');
  if (known !== undefined) {
    const failure = await whyUnservable(context, source, known);
    if (failure !== undefined) return { kind: 'unobtainable', error: failure };
    return foundManifest(known, { kind: 'hit', ttl: undefined });
  }
  const key = manifestKey(source.repository, digest);
  const refused = context.memory.refusals.get(key);
  if (refused !== undefined) return refused;
  try {
    const outcome =
      (method === 'HEAD' && (await headDigest(source, digest))) ||
      (await bringManifest(context, source, digest));
    if (outcome.kind === 'absent' || outcome.kind === 'denied') {
      context.memory.refusals.set(key, outcome, refusalLife);
    }
    return outcome;
  } catch (error) {
    return source.unobtainable(error);
  }
}

/** Asks by HEAD, so that a client's HEAD costs no pull; undefined when only a GET can tell. */
async function headDigest(source: Source, digest: Digest): Promise<ManifestOutcome | undefined> {
  const head = await source.headManifest({ kind: 'digest', digest });
  if (head.kind === 'absent' || head.kind === 'denied') return head;
  if (head.kind === 'unsupported' || !head.size || !isManifestType(head.mediaType))
    return undefined;
  const { mediaType, size } = head;
  return { kind: 'found', digest, mediaType, size, bytes: undefined, provenance: { kind: 'miss' } };
}

/** Notes that a manifest was pulled, for eviction; at most once an interval, behind the answer. */
function markPulled(context: Context, repository: Repository, digest: Digest): void {
  const key = manifestKey(repository, digest);
  if (context.memory.marks.get(key) !== undefined) return;
  const now = context.runtime.now();
  context.memory.marks.set(key, now, context.markInterval);
  context.runtime.waitUntil(context.manifests.markPulled(repository, digest, now));
}
