import { isManifestType } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Consistency, TagRecord } from '../../ports/manifest-store.ts';
import type { ManifestHead, Refused } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances, writeWithRetry } from '../across-instances.ts';
import type { Context } from '../context.ts';
import type { TagCheck } from '../flights.ts';
import { fetchManifest, pullManifest } from '../manifests/fetch-manifest.ts';
import { refusalLife } from '../memory.ts';
import { deletedRecord, isDeleted, recordOf, type UpstreamTag } from './tag-record.ts';

interface CheckedTag {
  readonly source: Source;
  readonly tag: string;
  /** Its key in memory and across instances. */
  readonly key: string;
  /** The record when the check began. */
  readonly known: TagRecord | undefined;
  /** True while other instances wait for the new record. */
  readonly othersWait: boolean;
}

/**
 * Asks the upstream by HEAD what a tag names now: registries do not count that as a pull. Concurrent
 * callers share the answer. Rejects with an UpstreamError.
 *
 * The record of a tag that moved is written only once the new manifest is stored: dockerd and
 * containerd send a HEAD and then GET that digest, and if the GET failed they would lose the old image,
 * which could still be served. A new tag needs no GET. A deletion is recorded too, because it is newer
 * than what was mirrored.
 */
export function checkTag(
  context: Context,
  source: Source,
  tag: string,
  known: TagRecord | undefined,
): Promise<TagCheck> {
  const key = `${source.key}:${tag}`;
  const checked = { source, tag, key, known, othersWait: false };
  return context.flights.tags.run(key, async () => {
    const head = await source.headManifest({ kind: 'tag', tag });
    if (head.kind === 'absent' || head.kind === 'denied') {
      return recordRefusal(context, checked, head);
    }
    if (isSufficient(head)) return recordTag(context, checked, head);
    return acrossInstances(
      context,
      `tag:${key}`,
      (consistency) => newerRecord(context, checked, consistency),
      () => checkByGet(context, { ...checked, othersWait: true }),
    );
  });
}

/** For an upstream whose HEAD lacks information (ECR Public omits the digest). */
async function checkByGet(context: Context, checked: CheckedTag): Promise<TagCheck> {
  const { source, tag } = checked;
  const fetched = await pullManifest(context, source, { kind: 'tag', tag });
  if (fetched.kind === 'unobtainable') return fetched;
  if (fetched.kind !== 'found') return recordRefusal(context, checked, fetched);
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
  if (isDeleted(record)) return undefined;
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
  if (known !== undefined && !isDeleted(known) && changed) {
    const fetched = await fetchManifest(context, source, found.digest);
    if (fetched.kind === 'absent') throw missingManifest(source.repository, tag);
    if (fetched.kind !== 'found') return fetched;
  }
  const record = recordOf(found, known, context.runtime.now());
  await putRecord(context, checked, record);
  return { kind: 'found', record, changed };
}

/** Writes nothing for a tag that was never mirrored, because clients may request any name. */
async function recordRefusal(
  context: Context,
  checked: CheckedTag,
  refusal: Refused,
): Promise<TagCheck> {
  const { key, known } = checked;
  context.memory.refusals.set(key, refusal, refusalLife);
  if (known !== undefined && !isDeleted(known)) {
    const record = deletedRecord(known, context.runtime.now());
    await putRecord(context, { ...checked, othersWait: false }, record);
  }
  return refusal;
}

async function putRecord(
  context: Context,
  { source: { repository }, tag, key, othersWait }: CheckedTag,
  record: TagRecord,
): Promise<void> {
  context.memory.tags.set(key, record);
  if (othersWait) {
    await writeWithRetry(context, () => context.attempt.manifests.putTag(repository, tag, record));
  } else {
    await context.manifests.putTag(repository, tag, record);
  }
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
