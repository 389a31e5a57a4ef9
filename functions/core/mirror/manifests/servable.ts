import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { NotedBlob } from '../../ports/blob-store.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import type { UpstreamError } from '../../upstream/upstream-error.ts';
import { askUpstream, asUpstreamError } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import { type KnownManifest, type Parts, upstreamOf } from '../parts.ts';
import { completeLife, knownManifest } from './known-manifest.ts';

/** Indexes nest seldom and never deeply; the bound stops a loop in hostile data. */
const deepestIndex = 3;

/** How long an index counts as complete here before its images are looked at again, in ms. */
const indexLife = 60_000;

/**
 * True when a client can have every blob it needs for this manifest from the store alone: all of an
 * image's, or those of one image of an index (nobody can tell which platform is wanted). Only of an
 * image it is noted in the index: an image of an index may be evicted before the index is.
 */
export async function isComplete(
  parts: Parts,
  repository: Repository,
  known: KnownManifest,
  depth = 0,
): Promise<boolean> {
  const { manifest, contents } = known;
  if (parts.memory.complete.get(manifest.digest)) return true;
  if (contents?.kind !== 'index') {
    const complete = await hasEveryBlob(parts, known);
    if (complete) markComplete(parts, repository, manifest.digest);
    return complete;
  }
  const complete =
    depth < deepestIndex && (await hasCompleteChoice(parts, repository, known, depth));
  if (complete) parts.memory.complete.set(manifest.digest, true, indexLife);
  return complete;
}

/** Notes, here and behind the answer in the index, that all an image needs is stored. */
export function markComplete(parts: Parts, repository: Repository, digest: Digest): void {
  parts.memory.complete.set(digest, true, completeLife);
  const noting = parts.manifests.markComplete(repository, digest, parts.runtime.now());
  parts.runtime.waitUntil(goOnWithout(parts, 'mark complete', noting));
}

/** What a client needs of an image from here. */
export function neededBlobs({ contents }: KnownManifest): readonly NotedBlob[] {
  return contents?.needed ?? [];
}

async function hasCompleteChoice(
  parts: Parts,
  repository: Repository,
  known: KnownManifest,
  depth: number,
): Promise<boolean> {
  const choices = known.contents?.choices ?? [];
  if (choices.length === 0) return true;
  for (const digest of choices) {
    const image = await knownManifest(parts, repository, digest);
    if (image && (await isComplete(parts, repository, image, depth + 1))) return true;
  }
  return false;
}

async function hasEveryBlob(parts: Parts, known: KnownManifest): Promise<boolean> {
  const stored = await Promise.all(
    neededBlobs(known).map(async ({ digest, size }) => {
      const found = await goOnWithout(parts, 'stat blob', parts.blobs.stat(digest));
      return found?.size === size;
    }),
  );
  return stored.every(Boolean);
}

/**
 * Why this manifest must not be served although we have it: podman and CRI-O choose their endpoint
 * by the first manifest and fall back no more, so a manifest goes out only when its blobs can
 * follow, from the store or from an upstream that is alive. undefined: it may be served.
 */
export async function whyUnservable(
  parts: Parts,
  repository: Repository,
  known: KnownManifest,
  calls: CallCount,
): Promise<UpstreamError | undefined> {
  const mirrored = upstreamOf(parts, repository);
  if (parts.memory.complete.get(known.manifest.digest)) return undefined;
  if (mirrored.health.isTrusted) return undefined;
  if (await isComplete(parts, repository, known)) return undefined;
  // A limit is for the whole upstream; any other failure may be one blob's, so it is asked.
  if (mirrored.health.resting?.kind === 'limited') return mirrored.health.resting;
  const digest = known.manifest.digest;
  try {
    await parts.flights.probes.run(repositoryKey(repository), async () => {
      await askUpstream(parts, repository, (upstream, name) =>
        upstream.headManifest(name, { kind: 'digest', digest }, calls),
      );
    });
    return undefined;
  } catch (error) {
    return asUpstreamError(error, repository);
  }
}
