import type { Digest } from '../oci/digest.ts';
import { isIndexType, isManifestType } from '../oci/media-type.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import type { UpstreamError } from '../ports/upstream-error.ts';
import type { Source } from '../sources/source.ts';
import { bindsDigests } from '../tag-policy/platform-rule.ts';
import type { Context } from './context.ts';
import { whyUnservable } from './manifests/completeness.ts';
import { serveFetchedManifest } from './manifests/fetch-manifest.ts';
import { hold } from './manifests/holds.ts';
import { getManifest, manifestKey, manifestOutcome } from './manifests/manifest-cache.ts';
import { isOfServedIndex, noteServedIndex } from './manifests/served-indexes.ts';
import { refusalLife } from './memory.ts';
import type { ManifestOutcome, Method } from './mirror.ts';
import { importTag } from './tags/check-tag.ts';
import { resolveTag } from './tags/resolve-tag.ts';
import { mayImport, tagOf } from './tags/tag-import.ts';

/** Decides what a request for a manifest gets: functions/README.md, section 2. */
export async function resolveManifest(
  context: Context,
  source: Source,
  reference: Reference,
  method: Method,
  mustConfirm: boolean,
): Promise<ManifestOutcome> {
  const rules = source.policy.tags.some(bindsDigests) ? await digestRules() : undefined;
  const outcome =
    reference.kind === 'digest'
      ? ((await rules?.refusalOfDigest(context, source, reference.digest)) ??
        (await resolveDigest(context, source, reference.digest, method)))
      : await resolveTag(context, source, reference.tag, method, mustConfirm);
  if (outcome.kind === 'found') rules?.noteServed(context, source, outcome, reference);
  if (method === 'GET' && outcome.kind === 'found') {
    const avoided = outcome.provenance.kind === 'miss' ? 0 : 1;
    context.ledger.count({ pullsServed: 1, pullsAvoided: avoided });
    markPulled(context, source.repository, outcome.digest);
    if (source.commits && isIndexType(outcome.mediaType)) {
      noteServedIndex(context, source, outcome.digest);
    }
  }
  return outcome;
}

let loaded: Promise<typeof import('./tags/digest-policy.ts')> | undefined;

/** Few configurations have rules that bind pulls by digest. */
function digestRules() {
  loaded ??= import('./tags/digest-policy.ts');
  return loaded;
}

async function resolveDigest(
  context: Context,
  source: Source,
  digest: Digest,
  method: Method,
): Promise<ManifestOutcome> {
  // `acrossInstances` reads again, strongly, before the manifest is fetched.
  const cached = await getManifest(context, source.repository, digest, 'eventual');
  if (cached !== undefined) {
    const failure = await whyUnservable(context, source, cached);
    if (failure !== undefined) return unobtained(context, source, digest, failure);
    return manifestOutcome(cached, { kind: 'hit', ttl: undefined });
  }
  const key = manifestKey(source.repository, digest);
  const refused = context.memory.refusals.get(key);
  if (refused !== undefined) return refused;
  try {
    const first =
      (method === 'HEAD' && (await headDigest(source, digest))) ||
      (await serveFetchedManifest(context, source, digest));
    const imported =
      first.kind === 'absent' && (await importDigest(context, source, digest, method));
    const outcome = imported || first;
    if (outcome.kind === 'absent' || outcome.kind === 'denied') {
      context.memory.refusals.set(key, outcome, refusalLife);
      const message = `${source.key}: the registry refuses ${digest}`;
      if (source.commits) hold(context, source, 'manifest', digest, message, false);
    }
    return outcome;
  } catch (error) {
    return unobtained(context, source, digest, source.toUpstreamError(error));
  }
}

/**
 * Tries to get a manifest from an upstream that is a cache itself, and does not know its digest yet: by
 * GET of a tag that names it, or instead of HEAD. Undefined if nothing is to be tried.
 */
async function importDigest(
  context: Context,
  source: Source,
  digest: Digest,
  method: Method,
): Promise<ManifestOutcome | undefined> {
  if (source.isWellKnown) return undefined;
  const key = manifestKey(source.repository, digest);
  const isImported = await context.flights.digestImports.run(key, async () => {
    if (!(await mayImport(context, source, key))) return false;
    const tagged = await tagOf(context, source, digest);
    const check = tagged && (await importTag(context, source, tagged.tag, tagged.record));
    return method === 'HEAD' || check?.kind === 'found';
  });
  return isImported ? serveFetchedManifest(context, source, digest) : undefined;
}

/** An index may name the manifest: it is refused to clients that would not fall back any more. */
async function unobtained(
  context: Context,
  source: Source,
  digest: Digest,
  error: UpstreamError,
): Promise<ManifestOutcome> {
  hold(context, source, 'manifest', digest, error.message);
  const hasIndex = source.commits && (await isOfServedIndex(context, source, digest));
  return { kind: 'unobtainable', error, hasIndex };
}

/** Sends a HEAD, so that a client's HEAD costs no pull; undefined if only a GET can tell. */
async function headDigest(source: Source, digest: Digest): Promise<ManifestOutcome | undefined> {
  const head = await source.headManifest({ kind: 'digest', digest });
  if (head.kind === 'absent' || head.kind === 'denied') return head;
  if (head.kind === 'unsupported') return undefined;
  const { mediaType, size } = head;
  if (!size || !isManifestType(mediaType)) return undefined;
  return { kind: 'found', digest, mediaType, size, bytes: undefined, provenance: { kind: 'miss' } };
}

/** Marks a manifest as pulled, for eviction: in the background, at most once per interval. */
function markPulled(context: Context, repository: Repository, digest: Digest): void {
  const key = manifestKey(repository, digest);
  if (context.memory.marks.get(key) !== undefined) return;
  const now = context.runtime.now();
  context.memory.marks.set(key, now, context.markInterval);
  context.runtime.waitUntil(context.manifests.markPulled(repository, digest, now));
}
