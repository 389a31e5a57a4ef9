import { isManifestType } from '../../oci/media-type.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { CallCount, ManifestHead } from '../../upstream/upstream.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { acrossInstances } from '../asking/across-instances.ts';
import { askUpstream } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import { type Parts, type TagCheck, upstreamOf } from '../parts.ts';
import { fetchManifest, pullManifest } from './fetch-manifest.ts';

/** How many former digests of a tag are remembered. */
const longestHistory = 20;

/** How long a refusal is remembered, in ms: CI pushes a tag and pulls it a moment later. */
export const refusalLife = 20_000;

/**
 * Asks the upstream what a tag names now, by HEAD: registries do not count that as a pull. All who
 * ask at the same moment share the answer. Rejects with an UpstreamError.
 *
 * A tag that moved is recorded only with its new manifest in hand: dockerd and containerd ask HEAD
 * first and GET that digest next, and if the GET then failed they would lose the old image, which
 * still could be served. A tag that is seen for the first time needs no GET.
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
    const mirrored = upstreamOf(parts, repository);
    const reference = { kind: 'tag', tag } as const;
    const head = await askUpstream(mirrored, () =>
      mirrored.upstream.headManifest(repository.name, reference, calls),
    );
    if (head.kind === 'absent' || head.kind === 'denied') {
      parts.memory.refusals.set(key, head, refusalLife);
      parts.memory.tags.delete(key);
      return head;
    }
    if (isSufficient(head)) return noteSeen(parts, repository, tag, known, head, calls);
    const began = parts.runtime.now();
    return acrossInstances(
      parts,
      `tag:${key}`,
      () => seenElsewhere(parts, repository, tag, known, began),
      async () => {
        const seen = await seenByGet(parts, repository, tag, calls);
        if (seen.kind !== 'found') return seen;
        return noteSeen(parts, repository, tag, known, seen, calls);
      },
    );
  });
}

/** What another instance found out since `began`. */
async function seenElsewhere(
  parts: Parts,
  repository: Repository,
  tag: string,
  known: TagRecord | undefined,
  began: number,
): Promise<TagCheck | undefined> {
  const record = await goOnWithout(parts, 'read tag', parts.manifests.getTag(repository, tag));
  if (record === undefined || record.checked < began) return undefined;
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
): Promise<TagCheck> {
  const changed = seen.digest !== known?.digest;
  if (known !== undefined && changed) {
    const fetched = await fetchManifest(parts, repository, seen.digest, calls);
    if (fetched.kind === 'absent') throw contradiction(repository, tag);
    if (fetched.kind !== 'found') return fetched;
  }
  const record = recordOf(seen, known, parts.runtime.now());
  parts.memory.tags.set(`${repositoryKey(repository)}:${tag}`, record);
  await goOnWithout(parts, 'write tag', parts.manifests.putTag(repository, tag, record));
  return { kind: 'found', record, changed };
}

type SeenTag = { readonly kind: 'found' } & Pick<TagRecord, 'digest' | 'mediaType' | 'size'>;

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

function recordOf(seen: SeenTag, known: TagRecord | undefined, now: number): TagRecord {
  const { digest, mediaType, size } = seen;
  if (known === undefined) {
    return { digest, mediaType, size, firstSeen: now, changed: now, checked: now, history: [] };
  }
  if (known.digest === digest) return { ...known, checked: now };
  const former = { digest: known.digest, until: now };
  return {
    digest,
    mediaType,
    size,
    firstSeen: known.firstSeen,
    changed: now,
    checked: now,
    history: [former, ...known.history].slice(0, longestHistory),
  };
}

/** An upstream that has the tag and not its manifest has failed: that is not an absent image. */
export function contradiction({ registry, name }: Repository, tag: string): UpstreamError {
  const message = `${registry}: ${name}:${tag} names a manifest that is not there`;
  return new UpstreamError('invalid', message);
}
