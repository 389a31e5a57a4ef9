import { withTimeout } from '../../concurrency/timeout.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source, UpstreamPolicy } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { isComplete, whyUnservable } from '../manifests/completeness.ts';
import { bringManifest } from '../manifests/fetch-manifest.ts';
import { foundManifest, knownManifest } from '../manifests/known-manifest.ts';
import type { Method } from '../mirror.ts';
import type { ManifestOutcome, Provenance } from '../outcome.ts';
import { checkTag, contradiction } from './check-tag.ts';
import { isGone } from './tag-record.ts';

/** How long a client who could have a stale copy waits for the upstream's word, in ms. */
const patience = 2_000;

/** What a client gets that asks for a tag: fresh, else confirmed by the upstream, else stale. */
export async function resolveTag(
  context: Context,
  source: Source,
  tag: string,
  method: Method,
): Promise<ManifestOutcome> {
  const { policy } = source;
  const key = `${source.key}:${tag}`;
  const record = await knownTag(context, source, tag);
  const ttl = record === undefined ? 0 : freshFor(policy, tag, record, context.runtime.now());
  if (record !== undefined && ttl > 0) {
    const left = ttl === Number.POSITIVE_INFINITY ? undefined : Math.ceil(ttl / 1000);
    const provenance = { kind: 'hit', ttl: left } as const;
    const served = await serveRecord(context, source, record, method, provenance);
    // The manifest was deleted upstream before anybody fetched it: the tag names another by now.
    if (served.kind !== 'absent') return served;
  }
  const refused = context.memory.refusals.get(key);
  if (refused !== undefined) return refused;
  // What the upstream has no more does not stand in for it.
  const last = record !== undefined && !isGone(record) ? record : undefined;
  const { recentFailure } = source;
  if (last !== undefined && recentFailure !== undefined) {
    const stale = await serveStale(context, source, last, recentFailure);
    if (stale !== undefined) return stale;
  }
  const before = source.upstreamCalls;
  const checking = checkTag(context, source, tag, record);
  try {
    const check = last === undefined ? await checking : await withTimeout(patience, checking);
    if (check === undefined) {
      const slow = new UpstreamError(
        'timeout',
        `${source.repository.registry} is slow to confirm the tag`,
      );
      const stale = last && (await serveStale(context, source, last, slow));
      if (stale !== undefined) {
        context.runtime.waitUntil(checking.catch(() => undefined));
        return stale;
      }
    }
    const checked = check ?? (await checking);
    if (checked.kind !== 'found') return checked;
    const confirmed: Provenance = { kind: 'revalidated', ttl: Math.ceil(policy.tagTtl / 1000) };
    const isNew = checked.changed && source.upstreamCalls > before;
    const provenance = isNew ? ({ kind: 'miss' } as const) : confirmed;
    const served = await serveRecord(context, source, checked.record, method, provenance);
    if (served.kind === 'absent') throw contradiction(source.repository, tag);
    return served;
  } catch (error) {
    const failure = source.toUpstreamError(error);
    const stale = last && (await serveStale(context, source, last, failure));
    return stale ?? { kind: 'unobtainable', error: failure };
  }
}

/** The last word of the upstream on a tag, whichever instance heard it. */
async function knownTag(
  context: Context,
  source: Source,
  tag: string,
): Promise<TagRecord | undefined> {
  const key = `${source.key}:${tag}`;
  const remembered = context.memory.tags.get(key);
  if (remembered !== undefined) {
    const { policy } = source;
    const isLast = !context.missingBlobs.areFilledBehind;
    if (isLast || freshFor(policy, tag, remembered, context.runtime.now()) > 0) return remembered;
  }
  const record = await context.manifests.getTag(source.repository, tag);
  if (record === undefined) return remembered;
  if (remembered !== undefined && remembered.checked > record.checked) return remembered;
  context.memory.tags.set(key, record);
  return record;
}

/** Ms for which a record may still be served unasked; not above 0 when it is out of date. */
function freshFor(policy: UpstreamPolicy, tag: string, record: TagRecord, now: number): number {
  if (isGone(record)) return 0;
  if (policy.immutableTags.some((pattern) => pattern.test(tag))) return Number.POSITIVE_INFINITY;
  const age = now - record.checked;
  // A record from the future (a clock that was set back) is not trusted.
  return age < 0 ? 0 : policy.tagTtl - age;
}

/** Serves what a tag's record names, and brings its manifest first where nobody did so far. */
async function serveRecord(
  context: Context,
  source: Source,
  record: TagRecord,
  method: Method,
  provenance: Provenance,
): Promise<ManifestOutcome> {
  const known = await knownManifest(context, source.repository, record.digest, 'eventual');
  if (known !== undefined) {
    const failure = await whyUnservable(context, source, known);
    if (failure !== undefined) return { kind: 'unobtainable', error: failure };
    return foundManifest(known, provenance);
  }
  const { digest, mediaType, size } = record;
  if (method === 'HEAD' && mediaType !== '') {
    return { kind: 'found', digest, mediaType, size, bytes: undefined, provenance };
  }
  try {
    return await bringManifest(context, source, digest);
  } catch (error) {
    return source.unobtainable(error);
  }
}

/** The last known image of a tag, if it is not too old and complete; else undefined. */
async function serveStale(
  context: Context,
  source: Source,
  record: TagRecord,
  failure: UpstreamError,
): Promise<ManifestOutcome | undefined> {
  const { policy } = source;
  const age = context.runtime.now() - record.checked;
  if (age > policy.maxStale) return undefined;
  const known = await knownManifest(context, source.repository, record.digest);
  if (known === undefined || !(await isComplete(context, source.repository, known)))
    return undefined;
  const provenance = {
    kind: 'stale',
    age: Math.max(0, Math.floor(age / 1000)),
    reason: failure.message,
  } as const;
  return foundManifest(known, provenance);
}
