import type { Digest } from '../../oci/digest.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import type { CachedManifest } from '../memory.ts';
import { getManifest, manifestKey } from './manifest-cache.ts';

/** No real index has more images. */
const mostChildren = 100;

/** The shortest time between two searches of a repository's tags, in ms. */
const searchInterval = 5_000;

/** How many tags of a repository are searched. */
const mostTags = 20;

/** How long an index in memory says what its registry named, in ms. */
const nameLife = 3_600_000;

/**
 * Remembers the manifests in an index that a tag of the registry names, so that alternates may be asked
 * for them.
 */
export function noteChildren(
  { memory }: Context,
  source: Source,
  { manifest, summary }: CachedManifest,
): void {
  if (summary?.kind !== 'index' || source.alternates === undefined) return;
  const { repository } = source;
  const [first] = summary.choices;
  if (first === undefined || memory.parents.get(manifestKey(repository, first))) return;
  for (const child of summary.choices.slice(0, mostChildren)) {
    memory.parents.set(manifestKey(repository, child), manifest.digest, nameLife);
  }
}

/** Remembers a manifest that an alternate's tag named, and those in it: they may come from there. */
export function noteUnseen(
  { memory }: Context,
  { repository }: Source,
  { manifest, summary }: CachedManifest,
): void {
  const children = summary?.kind === 'index' ? summary.choices.slice(0, mostChildren) : [];
  for (const digest of [manifest.digest, ...children]) {
    memory.unseen.set(manifestKey(repository, digest), true, nameLife);
  }
}

/** True if a tag that the registry confirmed within `maxStale` names this, or an index with it. */
export async function isNamedDigest(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<boolean> {
  const { memory, manifests, runtime } = context;
  const { repository, key, policy } = source;
  const isCurrent = (record: TagRecord) => runtime.now() - record.checked <= policy.maxStale;
  if (memory.unseen.get(manifestKey(repository, digest))) return true;
  const parent = memory.parents.get(manifestKey(repository, digest));
  const named = [digest, ...(parent === undefined ? [] : [parent])];
  for (const one of named) {
    const tag = memory.taggedDigests.get(manifestKey(repository, one));
    if (tag === undefined) continue;
    const record =
      memory.tags.get(`${key}:${tag}`) ?? (await manifests.getTag(repository, tag, 'eventual'));
    if (record !== undefined && record.digest === one && isCurrent(record)) return true;
  }
  return isInStoredTags(context, source, digest, isCurrent);
}

/** Clients choose the digests, so a repository's tags are read only now and then. */
async function isInStoredTags(
  context: Context,
  source: Source,
  digest: Digest,
  isCurrent: (record: TagRecord) => boolean,
): Promise<boolean> {
  const { memory, manifests } = context;
  const { repository, key } = source;
  const search = `named ${key}`;
  if (memory.tagSearches.get(search) !== undefined) return false;
  memory.tagSearches.set(search, true, searchInterval);
  const page = await manifests.listTags(repository, { limit: mostTags, last: undefined });
  for (const tag of page?.entries ?? []) {
    const record = await manifests.getTag(repository, tag, 'eventual');
    if (record === undefined || !isCurrent(record)) continue;
    memory.taggedDigests.set(manifestKey(repository, record.digest), tag);
    if (record.digest === digest) return true;
    const index = await getManifest(context, repository, record.digest, 'eventual');
    if (index === undefined) continue;
    noteChildren(context, source, index);
    if (index.summary?.choices.includes(digest)) return true;
  }
  return false;
}
