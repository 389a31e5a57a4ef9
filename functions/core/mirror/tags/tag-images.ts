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
  const isKnown = images.missed.has(digest) || (await leadsTo(context, source, images, digest));
  if (isOld || (mayRead && (isFresh || !isKnown))) {
    images.reading ??= read(context, source, images).finally(() => {
      images.reading = undefined;
    });
  }
  await images.reading;
  if (!(await leadsTo(context, source, images, digest))) images.missed.add(digest);
  return images;
}

async function leadsTo(
  context: Context,
  source: Source,
  images: RepositoryImages,
  digest: Digest,
): Promise<boolean> {
  if (images.named.has(digest) || images.served.has(digest)) return true;
  return (await parentsOf(context, source, images, digest)).length > 0;
}

/** The indexes that have a manifest, its platform there, and the tags that lead to them. */
export async function parentsOf(
  context: Context,
  { repository }: Source,
  { named, served, noted }: RepositoryImages,
  digest: Digest,
): Promise<readonly { readonly platform: string; readonly tags: readonly string[] }[]> {
  const parents = [];
  for (const index of new Set([...noted.keys(), ...served.keys(), ...named.keys()])) {
    const platforms = await platformsOf(context, repository, index);
    if (!platforms.has(digest)) continue;
    const byTag = [noted.get(index)?.tags, served.get(index), named.get(index)];
    const tags = byTag.flatMap((from) => [...(from ?? [])]);
    const known = tags.filter((tag) => tag !== '');
    parents.push({
      platform: platforms.get(digest) ?? '',
      tags: known.length > 0 ? [...new Set(known)] : [''],
    });
  }
  return parents;
}

async function platformsOf(
  context: Context,
  repository: Source['repository'],
  digest: Digest,
): Promise<ReadonlyMap<Digest, string>> {
  const cached = await getManifest(context, repository, digest, 'eventual');
  if (cached?.summary?.kind !== 'index') return none;
  const known = platforms.get(cached) ?? indexPlatforms(cached.manifest.bytes);
  platforms.set(cached, known);
  return known;
}

const none: ReadonlyMap<Digest, string> = new Map();
const platforms = new WeakMap<object, ReadonlyMap<Digest, string>>();

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
  Object.assign(images, { isKnown: true, named, served, missed: new Set() });
}

function add(map: Map<Digest, Set<string>>, digest: Digest, tag: string): void {
  map.set(digest, (map.get(digest) ?? new Set()).add(tag));
}
