import { isManifestType } from '../../oci/media-type.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency, TagRecord } from '../../ports/manifest-store.ts';
import { goOnWithout, orBusy } from '../../ports/tolerate.ts';
import type { CallCount, ManifestHead, Refused } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { askUpstream } from '../../sources/ask-source.ts';
import { acrossInstances } from '../across-instances.ts';
import type { Parts, TagCheck } from '../context.ts';
import { fetchManifest, pullManifest } from '../manifests/fetch-manifest.ts';
import { writePatiently } from '../pause.ts';
import { goneRecord, isGone, recordOf, type SeenTag } from './tag-record.ts';

/** How long a refusal is remembered, in ms: CI pushes a tag and pulls it a moment later. */
export const refusalLife = 20_000;

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
  parts: Parts,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  calls: CallCount,
): Promise<TagCheck> {
  const key = `${repositoryKey(repository)}:${tag}`;
  return parts.flights.tags.run(key, async () => {
    const reference = { kind: 'tag', tag } as const;
    const head = await askUpstream(parts, repository, (upstream, name) =>
      upstream.headManifest(name, reference, calls),
    );
    if (head.kind === 'absent' || head.kind === 'denied') {
      return noteRefused(parts, repository, tag, known, head);
    }
    if (isSufficient(head)) return noteSeen(parts, repository, tag, known, head, calls);
    return acrossInstances(
      parts,
      `tag:${key}`,
      (consistency) => seenElsewhere(parts, repository, tag, known, consistency),
      async () => {
        const seen = await seenByGet(parts, repository, tag, calls);
        if (seen.kind === 'unobtainable') return seen;
        if (seen.kind !== 'found') return noteRefused(parts, repository, tag, known, seen);
        return noteSeen(parts, repository, tag, known, seen, calls, true);
      },
    );
  });
}

/**
 * What another instance found out since `known` was read. It goes by the records' own order, as the
 * clocks of two instances differ.
 */
async function seenElsewhere(
  parts: Parts,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  consistency: Consistency,
): Promise<TagCheck | 'busy' | undefined> {
  const reading = parts.manifests.getTag(repository, tag, consistency);
  const record = await orBusy(parts, 'read tag', reading);
  if (record === undefined || record === 'busy') return record;
  if (known !== undefined && record.checked <= known.checked) return undefined;
  if (isGone(record)) return undefined;
  parts.memory.tags.set(`${repositoryKey(repository)}:${tag}`, record);
  return { kind: 'found', record, changed: record.digest !== known?.digest };
}

async function noteSeen(
  parts: Parts,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  seen: SeenTag,
  calls: CallCount,
  othersWait = false,
): Promise<TagCheck> {
  const changed = seen.digest !== known?.digest;
  if (known !== undefined && !isGone(known) && changed) {
    const fetched = await fetchManifest(parts, repository, seen.digest, calls);
    if (fetched.kind === 'absent') throw contradiction(repository, tag);
    if (fetched.kind !== 'found') return fetched;
  }
  const record = recordOf(seen, known, parts.runtime.now());
  await noteTag(parts, repository, tag, record, othersWait);
  return { kind: 'found', record, changed };
}

/** A tag that was never mirrored is refused without a record: anybody can ask for any name. */
async function noteRefused(
  parts: Parts,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  refusal: Refused,
): Promise<TagCheck> {
  parts.memory.refusals.set(`${repositoryKey(repository)}:${tag}`, refusal, refusalLife);
  if (known !== undefined && !isGone(known)) {
    await noteTag(parts, repository, tag, goneRecord(known, parts.runtime.now()));
  }
  return refusal;
}

async function noteTag(
  parts: Parts,
  repository: Repository,
  tag: string,
  record: TagRecord,
  othersWait = false,
): Promise<void> {
  parts.memory.tags.set(`${repositoryKey(repository)}:${tag}`, record);
  const put = () => parts.manifests.putTag(repository, tag, record);
  await goOnWithout(parts, 'write tag', othersWait ? writePatiently(parts, put) : put());
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

async function seenByGet(parts: Parts, repository: Repository, tag: string, calls: CallCount) {
  const got = await pullManifest(parts, repository, { kind: 'tag', tag }, calls);
  if (got.kind !== 'found') return got;
  const { digest, mediaType, bytes } = got.known.manifest;
  return { kind: 'found', digest, mediaType, size: bytes.byteLength } as const;
}

/** An upstream that has the tag and not its manifest has failed: that is not an absent image. */
export function contradiction({ registry, name }: Repository, tag: string): UpstreamError {
  const message = `${registry}: ${name}:${tag} names a manifest that is not there`;
  return new UpstreamError('invalid', message);
}
