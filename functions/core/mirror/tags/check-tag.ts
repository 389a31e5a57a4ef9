import { isManifestType } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Consistency, TagRecord } from '../../ports/manifest-store.ts';
import type { ManifestHead, Refused } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances, writePatiently } from '../across-instances.ts';
import type { Context } from '../context.ts';
import type { TagCheck } from '../flights.ts';
import { fetchManifest, pullManifest } from '../manifests/fetch-manifest.ts';
import { refusalLife } from '../memory.ts';
import { goneRecord, isGone, recordOf, type SeenTag } from './tag-record.ts';

/** A tag at its upstream, and what was known of it when the check began. */
interface CheckedTag {
  readonly source: Source;
  readonly tag: string;
  /** Its key in memory and across instances. */
  readonly key: string;
  readonly known: TagRecord | undefined;
  /** True while other instances wait for what is found out. */
  readonly othersWait: boolean;
}

/**
 * Asks the upstream what a tag names now, by HEAD: registries do not count that as a pull. All who
 * ask at the same moment share the answer. Rejects with an UpstreamError.
 *
 * A tag that moved is recorded only with its new manifest in hand: dockerd and containerd ask HEAD
 * first and GET that digest next, and if the GET then failed they would lose the old image, which
 * still could be served. A tag that is seen for the first time needs no GET. That the upstream has
 * a tag no more is recorded too: it is a newer word than what was mirrored.
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
      return noteRefused(context, checked, head);
    }
    if (isSufficient(head)) return noteSeen(context, checked, head);
    return acrossInstances(
      context,
      `tag:${key}`,
      (consistency) => seenElsewhere(context, checked, consistency),
      () => checkByGet(context, { ...checked, othersWait: true }),
    );
  });
}

/** For an upstream whose HEAD does not say enough. */
async function checkByGet(context: Context, checked: CheckedTag): Promise<TagCheck> {
  const { source, tag } = checked;
  const got = await pullManifest(context, source, { kind: 'tag', tag });
  if (got.kind === 'unobtainable') return got;
  if (got.kind !== 'found') return noteRefused(context, checked, got);
  const { digest, mediaType, bytes } = got.known.manifest;
  return noteSeen(context, checked, { kind: 'found', digest, mediaType, size: bytes.byteLength });
}

/**
 * What another instance found out since the check began. It goes by the records' own order, as the
 * clocks of two instances differ.
 */
async function seenElsewhere(
  context: Context,
  { source, tag, key, known }: CheckedTag,
  consistency: Consistency,
): Promise<TagCheck | 'busy' | undefined> {
  const record = await context.attempt.manifests.getTag(source.repository, tag, consistency);
  if (record === 'busy') return record;
  if (record === undefined || record === 'failed') return undefined;
  if (known !== undefined && record.checked <= known.checked) return undefined;
  if (isGone(record)) return undefined;
  context.memory.tags.set(key, record);
  return { kind: 'found', record, changed: record.digest !== known?.digest };
}

async function noteSeen(context: Context, checked: CheckedTag, seen: SeenTag): Promise<TagCheck> {
  const { source, tag, known } = checked;
  const changed = seen.digest !== known?.digest;
  if (known !== undefined && !isGone(known) && changed) {
    const fetched = await fetchManifest(context, source, seen.digest);
    if (fetched.kind === 'absent') throw contradiction(source.repository, tag);
    if (fetched.kind !== 'found') return fetched;
  }
  const record = recordOf(seen, known, context.runtime.now());
  await noteTag(context, checked, record);
  return { kind: 'found', record, changed };
}

/** A tag that was never mirrored is refused without a record: anybody can ask for any name. */
async function noteRefused(
  context: Context,
  checked: CheckedTag,
  refusal: Refused,
): Promise<TagCheck> {
  const { key, known } = checked;
  context.memory.refusals.set(key, refusal, refusalLife);
  if (known !== undefined && !isGone(known)) {
    const othersWait = false;
    const record = goneRecord(known, context.runtime.now());
    await noteTag(context, { ...checked, othersWait }, record);
  }
  return refusal;
}

async function noteTag(context: Context, checked: CheckedTag, record: TagRecord): Promise<void> {
  const { tag, key, othersWait } = checked;
  const { repository } = checked.source;
  context.memory.tags.set(key, record);
  if (othersWait) {
    await writePatiently(context, () => context.attempt.manifests.putTag(repository, tag, record));
  } else {
    await context.manifests.putTag(repository, tag, record);
  }
}

/** True when a HEAD says all that a client's HEAD must say (ECR Public leaves the digest out). */
function isSufficient(head: ManifestHead): head is SeenTag {
  return (
    head.kind === 'found' &&
    head.digest !== undefined &&
    head.size !== undefined &&
    head.size > 0 &&
    isManifestType(head.mediaType)
  );
}

/** An upstream that has the tag and not its manifest has failed: that is not an absent image. */
export function contradiction({ registry, name }: Repository, tag: string): UpstreamError {
  const message = `${registry}: ${name}:${tag} names a manifest that is not there`;
  return new UpstreamError('invalid', message);
}
