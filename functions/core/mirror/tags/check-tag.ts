import { isManifestType } from '../../oci/media-type.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency, TagRecord } from '../../ports/manifest-store.ts';
import type { ManifestHead, Refused } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances } from '../across-instances.ts';
import type { Context } from '../context.ts';
import type { TagCheck } from '../flights.ts';
import { fetchManifest, pullManifest } from '../manifests/fetch-manifest.ts';
import { refusalLife } from '../memory.ts';
import { writePatiently } from '../pause.ts';
import { goneRecord, isGone, recordOf, type SeenTag } from './tag-record.ts';

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
  return context.flights.tags.run(key, async () => {
    const reference = { kind: 'tag', tag } as const;
    const head = await source.headManifest(reference);
    if (head.kind === 'absent' || head.kind === 'denied') {
      return noteRefused(context, source.repository, tag, known, head);
    }
    if (isSufficient(head)) return noteSeen(context, source, tag, known, head);
    return acrossInstances(
      context,
      `tag:${key}`,
      (consistency) => seenElsewhere(context, source.repository, tag, known, consistency),
      async () => {
        const seen = await seenByGet(context, source, tag);
        if (seen.kind === 'unobtainable') return seen;
        if (seen.kind !== 'found') return noteRefused(context, source.repository, tag, known, seen);
        return noteSeen(context, source, tag, known, seen, true);
      },
    );
  });
}

/**
 * What another instance found out since `known` was read. It goes by the records' own order, as the
 * clocks of two instances differ.
 */
async function seenElsewhere(
  context: Context,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  consistency: Consistency,
): Promise<TagCheck | 'busy' | undefined> {
  const record = await context.attempt.manifests.getTag(repository, tag, consistency);
  if (record === 'busy') return record;
  if (record === undefined || record === 'failed') return undefined;
  if (known !== undefined && record.checked <= known.checked) return undefined;
  if (isGone(record)) return undefined;
  context.memory.tags.set(`${repositoryKey(repository)}:${tag}`, record);
  return { kind: 'found', record, changed: record.digest !== known?.digest };
}

async function noteSeen(
  context: Context,
  source: Source,
  tag: string,
  known: TagRecord | undefined,
  seen: SeenTag,
  othersWait = false,
): Promise<TagCheck> {
  const changed = seen.digest !== known?.digest;
  if (known !== undefined && !isGone(known) && changed) {
    const fetched = await fetchManifest(context, source, seen.digest);
    if (fetched.kind === 'absent') throw contradiction(source.repository, tag);
    if (fetched.kind !== 'found') return fetched;
  }
  const record = recordOf(seen, known, context.runtime.now());
  await noteTag(context, source.repository, tag, record, othersWait);
  return { kind: 'found', record, changed };
}

/** A tag that was never mirrored is refused without a record: anybody can ask for any name. */
async function noteRefused(
  context: Context,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  refusal: Refused,
): Promise<TagCheck> {
  context.memory.refusals.set(`${repositoryKey(repository)}:${tag}`, refusal, refusalLife);
  if (known !== undefined && !isGone(known)) {
    await noteTag(context, repository, tag, goneRecord(known, context.runtime.now()));
  }
  return refusal;
}

async function noteTag(
  context: Context,
  repository: Repository,
  tag: string,
  record: TagRecord,
  othersWait = false,
): Promise<void> {
  context.memory.tags.set(`${repositoryKey(repository)}:${tag}`, record);
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

async function seenByGet(context: Context, source: Source, tag: string) {
  const got = await pullManifest(context, source, { kind: 'tag', tag });
  if (got.kind !== 'found') return got;
  const { digest, mediaType, bytes } = got.known.manifest;
  return { kind: 'found', digest, mediaType, size: bytes.byteLength } as const;
}

/** An upstream that has the tag and not its manifest has failed: that is not an absent image. */
export function contradiction({ registry, name }: Repository, tag: string): UpstreamError {
  const message = `${registry}: ${name}:${tag} names a manifest that is not there`;
  return new UpstreamError('invalid', message);
}
