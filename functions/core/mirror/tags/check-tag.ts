import { isManifestType } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Consistency } from '../../ports/consistency.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { ManifestHead } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances, unlessElsewhere } from '../across-instances.ts';
import type { Context } from '../context.ts';
import type { TagCheck } from '../flights.ts';
import type { NotedRefusal } from '../lease-note.ts';
import { fetchManifest, pullManifest } from '../manifests/fetch-manifest.ts';
import { refusalLife } from '../memory.ts';
import { type CheckedTag, putRecord } from './checked-tag.ts';
import { isServedNow, noteSighting } from './sightings.ts';
import { mayImport } from './tag-import.ts';
import { recordOf, refusalOf, type UpstreamTag } from './tag-record.ts';
import { isConfirmable, recordRefusal } from './tag-refusal.ts';

/**
 * Asks the upstream by HEAD what a tag names now: registries do not count that as a pull. Concurrent
 * callers share the answer, on all instances. Rejects with an UpstreamError.
 *
 * The record of a tag that moved is written only once the new manifest is stored: dockerd and
 * containerd send a HEAD and then GET that digest, and if the GET failed they would lose the old image,
 * which could still be served. A new tag needs no GET.
 *
 * A refusal of a known tag is recorded, but only a GET ten minutes later confirms that the tag is gone:
 * something else may answer in the registry's place, or the registry by mistake.
 */
export function checkTag(
  context: Context,
  source: Source,
  tag: string,
  known: TagRecord | undefined,
  mustConfirm = false,
): Promise<TagCheck> {
  const key = `${source.key}:${tag}`;
  const othersWait = context.missingBlobs.otherInstancesFill;
  const seenBy = source.isBackground ? 'refresh' : 'pull';
  const checked: CheckedTag = { source, tag, key, known, othersWait, seenBy };
  return context.flights.tags.run(key, () =>
    othersWait ? checkOnce(context, checked, mustConfirm) : check(context, checked),
  );
}

/**
 * The same for a tag that no client waits for. Undefined if another instance is checking it: its record is
 * read with the next request.
 */
export function checkTagUnlessElsewhere(
  context: Context,
  source: Source,
  tag: string,
  known: TagRecord,
): Promise<TagCheck | undefined> {
  const key = `${source.key}:${tag}`;
  const seenBy = 'revalidation';
  if (!context.missingBlobs.otherInstancesFill) {
    const alone = { source, tag, key, known, othersWait: false, seenBy } as const;
    return context.flights.tags.run(key, () => check(context, alone));
  }
  const checked = { source, tag, key, known, othersWait: true, seenBy } as const;
  return context.flights.backgroundChecks.run(key, async () => {
    const outcome = await unlessElsewhere(
      context,
      `tag:${key}`,
      (consistency) => newerRecord(context, checked, consistency),
      () => check(context, checked),
      context.runtime.now() - refusalLife,
    );
    return outcome && readRefusal(context, checked, outcome);
  });
}

/**
 * One of all instances asks the upstream; the others wait for the record, or for the note of a refusal.
 * A refusal that is remembered elsewhere counts as well, unless a client wants the tag confirmed.
 */
async function checkOnce(
  context: Context,
  checked: CheckedTag,
  mustConfirm: boolean,
): Promise<TagCheck> {
  const now = context.runtime.now();
  const outcome = await acrossInstances(
    context,
    `tag:${checked.key}`,
    (consistency) => newerRecord(context, checked, consistency),
    () => check(context, checked),
    mustConfirm ? now : now - refusalLife,
  );
  return readRefusal(context, checked, outcome);
}

/** Remembers a refusal that another instance noted. */
async function readRefusal(
  context: Context,
  { source, tag, key, known }: CheckedTag,
  outcome: TagCheck | NotedRefusal,
): Promise<TagCheck> {
  if (!('until' in outcome)) return outcome;
  context.memory.refusals.set(key, { kind: outcome.kind }, outcome.until - context.runtime.now());
  // Its record says since when the tag is refused.
  const record = known && (await context.manifests.getTag(source.repository, tag));
  if (record !== undefined) context.memory.tags.set(key, record);
  return { kind: outcome.kind };
}

async function check(context: Context, checked: CheckedTag): Promise<TagCheck> {
  const { source, tag, key, known } = checked;
  const head = await source.headManifest({ kind: 'tag', tag });
  const isKnown = known !== undefined && refusalOf(known)?.isConfirmed !== true;
  const mayBeImported = head.kind === 'absent' && !isKnown;
  if (mayBeImported && (await mayImport(context, source, key))) return checkByGet(context, checked);
  if (head.kind === 'absent' || head.kind === 'denied') {
    if (isConfirmable(context, known)) return checkByGet(context, checked);
    return recordRefusal(context, checked, head, false);
  }
  return isSufficient(head) ? recordTag(context, checked, head) : checkByGet(context, checked);
}

/**
 * Asks the upstream by GET what a tag names, although its HEAD told: the digest is a 404 there. Undefined
 * if that was tried a moment ago, or must not be. Rejects with an UpstreamError.
 */
export async function importTag(
  context: Context,
  source: Source,
  tag: string,
  known: TagRecord | undefined,
): Promise<TagCheck | undefined> {
  const key = `${source.key}:${tag}`;
  const checked = { source, tag, key, known, othersWait: false, seenBy: 'pull' } as const;
  return context.flights.imports.run(key, async () =>
    (await mayImport(context, source, key)) ? checkByGet(context, checked) : undefined,
  );
}

/** For an upstream whose HEAD lacks information (ECR Public omits the digest), or refuses a known tag. */
async function checkByGet(context: Context, checked: CheckedTag): Promise<TagCheck> {
  const { source, tag } = checked;
  const fetched = await pullManifest(context, source, { kind: 'tag', tag });
  if (fetched.kind === 'unobtainable') return fetched;
  if (fetched.kind !== 'found') return recordRefusal(context, checked, fetched, true);
  const { digest, mediaType, bytes } = fetched.cached.manifest;
  return recordTag(context, checked, { kind: 'found', digest, mediaType, size: bytes.byteLength });
}

/**
 * What another instance recorded since the check began. It compares times of records only, because
 * the clocks of two instances differ.
 */
async function newerRecord(
  context: Context,
  { source, tag, key, known }: CheckedTag,
  consistency: Consistency,
): Promise<TagCheck | 'busy' | undefined> {
  const record = await context.attempt.manifests.getTag(source.repository, tag, consistency);
  if (record === 'busy') return record;
  if (record === undefined || record === 'failed') return undefined;
  if (known !== undefined && record.checked <= known.checked) return undefined;
  if (refusalOf(record) !== undefined) return undefined;
  source.answeredElsewhere(record.checked);
  context.memory.tags.set(key, record);
  return { kind: 'found', record, changed: record.digest !== known?.digest };
}

async function recordTag(
  context: Context,
  checked: CheckedTag,
  found: UpstreamTag,
): Promise<TagCheck> {
  const { source, tag, known } = checked;
  const changed = found.digest !== known?.digest;
  const now = context.runtime.now();
  const before = await noteSighting(context, checked, found.digest, now);
  const record = recordOf(found, before, now);
  if (known !== undefined && changed && (await isServedNow(context, checked, record))) {
    const fetched = await fetchManifest(context, source, found.digest, true);
    if (fetched.kind === 'absent') {
      if (await mayImport(context, source, checked.key)) return checkByGet(context, checked);
      throw missingManifest(source.repository, tag);
    }
    if (fetched.kind !== 'found') return fetched;
  }
  await putRecord(context, checked, record);
  return { kind: 'found', record, changed };
}

/** True if a HEAD has everything that a client's HEAD must have. */
function isSufficient(head: ManifestHead): head is UpstreamTag {
  return (
    head.kind === 'found' &&
    head.digest !== undefined &&
    head.size !== undefined &&
    head.size > 0 &&
    isManifestType(head.mediaType)
  );
}

/** An upstream that has a tag but not its manifest is broken: the image is not absent. */
export function missingManifest({ registry, name }: Repository, tag: string): UpstreamError {
  const message = `${registry} has the tag ${name}:${tag}, but not the manifest it names`;
  return new UpstreamError('invalid', message);
}
