import { keepNewest } from '../../concurrency/bounded-cache.ts';
import type { Digest } from '../../oci/digest.ts';
import { indexPlatforms } from '../../oci/index-platforms.ts';
import { isIndexType } from '../../oci/media-type.ts';
import type { Reference } from '../../oci/reference.ts';
import { emptyTagState } from '../../ports/tag-state-text.ts';
import type { Source } from '../../sources/source.ts';
import { parseDatedTag } from '../../tag-policy/as-of.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import { rulesOf } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import { getManifest } from '../manifests/manifest-cache.ts';
import type { RepositoryImages } from './repository-images.ts';

/** How many tags of a repository are read. */
const mostTags = 100;

/** How many indexes without a record are remembered. */
const mostServed = 200;

/** How long what was read is used, in ms, and the shortest time between two reads. */
const readLife = 15_000;
const shortestInterval = 1_000;

/** How long a client may take from a tag to its digest, in ms. */
const servedLife = 60_000;

function imagesInMemory({ memory }: Context, { key }: Source): RepositoryImages {
  const known = memory.repositoryImages.get(key);
  if (known !== undefined) return known;
  const images: RepositoryImages = {
    read: Number.NEGATIVE_INFINITY,
    isKnown: false,
    reading: undefined,
    named: new Map(),
    served: new Map(),
    noted: new Map(),
    parents: new Map(),
    indexed: new Set(),
    missed: new Set(),
  };
  memory.repositoryImages.set(key, images);
  return images;
}

/**
 * Notes what a client got by a tag, because it may ask for the digest next, and an index that it got by digest:
 * it asks for a manifest in it next.
 */
export function noteServed(
  context: Context,
  source: Source,
  { digest, mediaType }: { readonly digest: Digest; readonly mediaType: string },
  reference: Reference,
): void {
  if (reference.kind === 'digest' && !isIndexType(mediaType)) return;
  const given = reference.kind === 'tag' ? reference.tag : '';
  const tag = (source.policy.asOf && parseDatedTag(given)?.tag) || given;
  const { noted } = imagesInMemory(context, source);
  const at = context.runtime.now();
  const known = noted.get(digest);
  if (known?.tags.has(tag)) {
    known.at = at;
    return;
  }
  const tags = new Set(known?.tags).add(tag);
  keepNewest(noted, digest, { tags, at }, mostServed);
}

/** Whether a tag is served as a digest, or was a moment ago here: its client may not be done. */
export function isServed(
  { served, noted }: RepositoryImages,
  digest: Digest,
  now: number,
): boolean {
  if (served.has(digest)) return true;
  const { tags, at } = noted.get(digest) ?? { tags: undefined, at: 0 };
  const byTag = tags !== undefined && (tags.size > 1 || !tags.has(''));
  return byTag && now >= at && now - at < servedLife;
}

/**
 * Which tags lead to which images, as of a moment ago: of a hundred tags at most. It is read again for a
 * digest that no tag leads to, because another instance may have served its tag since, and if `isFresh`.
 */
export async function imagesOf(
  context: Context,
  source: Source,
  digest: Digest,
  isFresh = false,
): Promise<RepositoryImages> {
  const images = imagesInMemory(context, source);
  const age = context.runtime.now() - images.read;
  const isOld = age < 0 || age >= readLife;
  const mayRead = isOld || age >= shortestInterval;
  for (const index of images.noted.keys()) {
    if (!images.indexed.has(index)) await addParent(context, source, images, index);
  }
  const isKnown = images.missed.has(digest) || leadsTo(images, digest);
  if (isOld || (mayRead && (isFresh || !isKnown))) {
    images.reading ??= read(context, source, images).finally(() => {
      images.reading = undefined;
    });
  }
  await images.reading;
  if (!leadsTo(images, digest)) images.missed.add(digest);
  return images;
}

function leadsTo({ named, served, parents }: RepositoryImages, digest: Digest): boolean {
  return named.has(digest) || served.has(digest) || parents.has(digest);
}

/** The platforms of a manifest in the indexes that have it, and the tags that lead to each. */
export function parentsOf(
  { named, served, noted, parents }: RepositoryImages,
  digest: Digest,
): readonly { readonly platform: string; readonly tags: readonly string[] }[] {
  return [...(parents.get(digest) ?? [])].map(([index, platform]) => {
    const byTag = [noted.get(index)?.tags, served.get(index), named.get(index)];
    const tags = byTag.flatMap((from) => [...(from ?? [])]).filter((tag) => tag !== '');
    return { platform, tags: tags.length > 0 ? [...new Set(tags)] : [''] };
  });
}

/** Whether a manifest is in an index that is served, or was served here. */
export function isInServed({ served, noted, parents }: RepositoryImages, digest: Digest): boolean {
  const indexes = parents.get(digest)?.keys() ?? [];
  return [...indexes].some((index) => served.has(index) || noted.has(index));
}

/** Adds what is in an index, if it is one that is stored. */
async function addParent(
  context: Context,
  { repository }: Source,
  { parents, indexed }: Pick<RepositoryImages, 'parents' | 'indexed'>,
  index: Digest,
): Promise<void> {
  indexed.add(index);
  const cached = await getManifest(context, repository, index, 'eventual');
  if (cached?.summary?.kind !== 'index') return;
  for (const [digest, platform] of indexPlatforms(cached.manifest.bytes)) {
    parents.set(digest, (parents.get(digest) ?? new Map()).set(index, platform));
  }
}

async function read(context: Context, source: Source, images: RepositoryImages): Promise<void> {
  const { memory, manifests, runtime } = context;
  const { repository, key, policy } = source;
  const now = runtime.now();
  const [page, states] = await Promise.all([
    manifests.listTags(repository, { limit: mostTags, last: undefined }),
    manifests.listTagStates(repository),
  ]);
  images.read = now;
  if (page === undefined || states === undefined) return;
  const stateOf = new Map(states.map(({ tag, state }) => [tag, state]));
  const named: RepositoryImages['named'] = new Map();
  const served: RepositoryImages['served'] = new Map();
  const readTag = async (tag: string) => {
    const record =
      memory.tags.get(`${key}:${tag}`) ?? (await manifests.getTag(repository, tag, 'eventual'));
    if (record === undefined) return;
    const rules = rulesOf(policy.tags, repository.name, tag);
    const decision = tagPolicy(record, stateOf.get(tag) ?? emptyTagState, rules, { now });
    add(named, record.digest, tag);
    if (decision.kind === 'serve') add(served, decision.digest ?? record.digest, tag);
  };
  // Tags with a state have moved.
  const tags = [...new Set([...stateOf.keys(), ...page.entries])].slice(0, mostTags);
  await Promise.all(tags.map(readTag));
  const found = { parents: new Map(), indexed: new Set<Digest>() };
  const indexes = new Set([...images.noted.keys(), ...served.keys(), ...named.keys()]);
  await Promise.all([...indexes].map((index) => addParent(context, source, found, index)));
  Object.assign(images, { isKnown: true, named, served, ...found, missed: new Set() });
}

function add(map: Map<Digest, Set<string>>, digest: Digest, tag: string): void {
  map.set(digest, (map.get(digest) ?? new Set()).add(tag));
}
