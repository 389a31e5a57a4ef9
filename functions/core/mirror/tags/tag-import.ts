import type { Digest } from '../../oci/digest.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { Source } from '../../sources/source.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { getManifest, manifestKey } from '../manifests/manifest-cache.ts';

// Upstreams that are caches themselves (GitLab's dependency proxy, Harbor, ECR's pull-through rules, Nexus)
// import an image only when a client GETs its tag. Until then a HEAD or a digest may be a 404 there.

/** The shortest time between two GETs that import the same name, in ms. */
const importInterval = 60_000;

/** The shortest time between two searches for a tag in one repository, in ms. */
const searchInterval = 5_000;

/** How many tags of a repository are searched for a digest. */
const mostTags = 20;

/**
 * True if an upstream may know more about a name by GET, and no instance tried that within a minute. Takes
 * the turn: a lease that is never released. Never true at a well-known registry: names that do not exist
 * must not cost pulls there.
 */
export async function mayImport(context: Context, source: Source, name: string): Promise<boolean> {
  const { memory } = context;
  if (source.isWellKnown || memory.imports.get(name) !== undefined) return false;
  memory.imports.set(name, true, importInterval);
  // While leases are unavailable, each instance has a turn.
  return (await acquireLease(context, `import:${name}`, importInterval)) !== undefined;
}

/** A tag that names a manifest, or an index that names it, and its record; undefined if none is known. */
export async function tagOf(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<{ readonly tag: string; readonly record: TagRecord } | undefined> {
  const { memory, manifests } = context;
  const { repository, key } = source;
  const noted = memory.taggedDigests.get(manifestKey(repository, digest));
  const tags = noted === undefined ? await recordedTags(context, source) : [noted];
  for (const tag of tags) {
    const record = memory.tags.get(`${key}:${tag}`) ?? (await manifests.getTag(repository, tag));
    if (record !== undefined && (await names(context, source, record, digest)))
      return { tag, record };
  }
  return undefined;
}

/** Clients choose the digests, so a repository's tags are read only now and then. */
async function recordedTags({ memory, manifests }: Context, { key, repository }: Source) {
  if (memory.tagSearches.get(key) !== undefined) return [];
  memory.tagSearches.set(key, true, searchInterval);
  return (
    (await manifests.listTags(repository, { limit: mostTags, last: undefined }))?.entries ?? []
  );
}

async function names(
  context: Context,
  { repository }: Source,
  record: TagRecord,
  digest: Digest,
): Promise<boolean> {
  if (record.digest === digest) return true;
  const index = await getManifest(context, repository, record.digest, 'eventual');
  return index?.summary?.choices.includes(digest) === true;
}
