import { withTimeout } from '../../concurrency/timeout.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { UpstreamPolicy } from '../../sources/upstream-policy.ts';
import type { Context } from '../context.ts';
import { getManifest } from '../manifests/manifest-cache.ts';
import type { ManifestOutcome, Method, Provenance } from '../mirror.ts';
import { serveBehind } from './background-check.ts';
import type { Candidates } from './candidate.ts';
import { serveFirst, serveLast } from './candidate-answer.ts';
import type { CandidatesOf } from './candidates.ts';
import { checkTag, importTag, missingManifest } from './check-tag.ts';
import { serveElsewhere } from './tag-elsewhere.ts';
import { mayOutlive, refusalOf } from './tag-record.ts';

/** How long a client that could get a stale copy waits for the upstream, in ms. */
export const patience = 2_000;

/** A client can have a tag confirmed once in this time, in ms. */
const confirmInterval = 5_000;

/**
 * Serves what the upstream says that a tag names: fresh, else before or after it confirms that, else stale.
 * `candidatesOf` may have another image in its place. `reading` is its record, if that is read already.
 */
export async function resolveLatest(
  context: Context,
  source: Source,
  tag: string,
  method: Method,
  mustConfirm: boolean,
  candidatesOf: CandidatesOf,
  reading = latestRecord(context, source, tag, mustConfirm),
): Promise<ManifestOutcome> {
  const { policy } = source;
  const { registry } = source.repository;
  const record = await reading;
  const key = `${source.key}:${tag}`;
  const isConfirming = mustConfirm && mayConfirm(context, source, key);
  const candidates = record && candidatesOf(record);
  const isHeld = candidates !== undefined && isHolding(candidates);
  const ttl = record === undefined ? 0 : ttlOf(policy, tag, record, context.runtime.now(), isHeld);
  if (candidates !== undefined && ttl > 0 && !isConfirming) {
    const seconds = ttl === Number.POSITIVE_INFINITY ? undefined : Math.ceil(ttl / 1000);
    const provenance = { kind: 'hit', ttl: seconds } as const;
    const outcome = await serveFirst(context, source, candidates, method, provenance);
    // If the upstream deleted the manifest before it was fetched, the tag names another one by now.
    if (outcome.kind !== 'absent') return outcome;
  }
  const refused = context.memory.refusals.get(key);
  if (refused !== undefined && !isConfirming) {
    return (await serveLast(context, source, candidatesOf, record)) ?? refused;
  }
  const reason =
    source.recentFailure ?? (isConfirming ? undefined : savedHead(context, source, record));
  if (reason !== undefined) {
    const last = await serveLast(context, source, candidatesOf, record, reason);
    if (last !== undefined) return last;
  }
  const behind = mustConfirm
    ? undefined
    : await serveBehind(context, source, tag, candidatesOf, record);
  if (behind !== undefined) return behind;
  const serveUnconfirmed = (error: UpstreamError) =>
    serveElsewhere(context, source, tag, candidatesOf, record, error);
  const hasLast = record !== undefined && mayOutlive(record, policy, context.runtime.now());
  const callsBefore = source.upstreamCalls;
  const check = checkTag(context, source, tag, record, isConfirming);
  if (isConfirming) {
    const note = () => context.memory.confirmed.set(key, true, confirmInterval);
    check.then(note, note);
  }
  const checking = source.follow(check);
  try {
    const mayServe = hasLast || source.alternates?.forUnseenTags === true;
    const inTime = mayServe ? await withTimeout(patience, checking) : await checking;
    if (inTime === undefined) {
      const slow = new UpstreamError('timeout', `${registry} is slow to confirm the tag`);
      const last =
        (await serveLast(context, source, candidatesOf, record, slow)) ??
        (await serveUnconfirmed(slow));
      if (last !== undefined) {
        context.runtime.waitUntil(checking.catch(() => undefined));
        return last;
      }
    }
    const checked = inTime ?? (await checking);
    if (checked.kind !== 'found') {
      const latest = record && (context.memory.tags.get(key) ?? record);
      return (await serveLast(context, source, candidatesOf, latest)) ?? checked;
    }
    context.memory.backgroundChecks.delete(key);
    const isNew = checked.changed && source.upstreamCalls > callsBefore;
    const provenance: Provenance = isNew
      ? { kind: 'miss' }
      : { kind: 'revalidated', ttl: Math.ceil(policy.tagTtl / 1000) };
    const outcome = await serveFirst(
      context,
      source,
      candidatesOf(checked.record),
      method,
      provenance,
    );
    if (outcome.kind !== 'absent') return outcome;
    const imported = await importTag(context, source, tag, checked.record);
    const latest = imported?.kind === 'found' ? imported.record : checked.record;
    // Another client may just have imported it.
    const cached = await getManifest(context, source.repository, latest.digest);
    if (cached === undefined) throw missingManifest(source.repository, tag);
    return serveFirst(context, source, candidatesOf(latest), method, { kind: 'miss' });
  } catch (thrown) {
    const error = source.toUpstreamError(thrown);
    const last = await serveLast(context, source, candidatesOf, record, error);
    return last ?? (await serveUnconfirmed(error)) ?? { kind: 'unobtainable', error };
  }
}

/** Why a tag is not confirmed although its time is up: the HEAD would cost what little is left of a limit. */
function savedHead(
  { runtime }: Context,
  { repository, tagLife }: Source,
  record: TagRecord | undefined,
): UpstreamError | undefined {
  if (record === undefined || refusalOf(record) !== undefined) return undefined;
  const age = runtime.now() - record.checked;
  if (age < 0 || age >= tagLife) return undefined;
  const message = `${repository.registry} counts checks of tags, and little is left of its limit`;
  return new UpstreamError('limited', message, { isUnsent: true });
}

/**
 * Whether a client's wish to have a tag confirmed is granted. A client's own loop must not become the
 * registry's abuse limit for everybody.
 */
function mayConfirm({ memory }: Context, source: Source, key: string): boolean {
  return source.recentFailure?.kind !== 'limited' && memory.confirmed.get(key) === undefined;
}

/** The newest record of a tag. Where other instances fill, they may have written a newer one. */
export async function latestRecord(
  context: Context,
  source: Source,
  tag: string,
  mustConfirm: boolean,
): Promise<TagRecord | undefined> {
  const key = `${source.key}:${tag}`;
  const cached = context.memory.tags.get(key);
  if (cached !== undefined) {
    const isFresh = ttlOf(source.policy, tag, cached, context.runtime.now()) > 0;
    if ((isFresh && !mustConfirm) || !context.missingBlobs.otherInstancesFill) return cached;
  }
  // An instance that then asks the upstream reads it again, strongly.
  const record = await context.manifests.getTag(source.repository, tag, 'eventual');
  if (record === undefined) return cached;
  if (cached !== undefined && cached.checked > record.checked) return cached;
  if (context.missingBlobs.otherInstancesFill) source.answeredElsewhere(record.checked);
  context.memory.tags.set(key, record);
  return record;
}

/** Whether a cooldown goes on: it ends only if the upstream is asked again. */
function isHolding({ images, held }: Candidates): boolean {
  return held !== undefined || images[0]?.policy !== undefined;
}

/**
 * For how many ms a record may be served without asking the upstream; 0 or less when out of date. A tag that
 * never moves is asked about, too, while `isHeld`.
 */
export function ttlOf(
  policy: UpstreamPolicy,
  tag: string,
  record: TagRecord,
  now: number,
  isHeld = false,
): number {
  if (refusalOf(record) !== undefined) return 0;
  if (!isHeld && policy.immutableTags.some((pattern) => pattern.test(tag))) {
    return Number.POSITIVE_INFINITY;
  }
  const age = now - record.checked;
  // A record from the future is not trusted: the clock was set back.
  return age < 0 ? 0 : policy.tagTtl - age;
}
