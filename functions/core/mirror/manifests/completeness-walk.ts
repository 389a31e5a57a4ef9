import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { NotedBlob } from '../../ports/blob-store.ts';
import type { Context } from '../context.ts';
import type { KnownManifest } from '../memory.ts';
import { knownManifest } from './known-manifest.ts';

/** Indexes rarely nest, and never deeply. */
const deepestIndex = 3;

/** What one walk may look at. Anybody who may push to an upstream chooses what an index names. */
const mostManifests = 200;
const mostBlobs = 1_000;
const mostManifestBytes = 8 * 1024 * 1024;

/** Blobs that are asked for side by side; the first missing one ends an image. */
const blobsAtOnce = 20;

/** After so many manifests, or so many bytes of them, other work gets its turn. */
const manifestsPerTurn = 20;
const bytesPerTurn = 512 * 1024;

/**
 * The first manifest at or below `root` that needs nothing more: an image with every blob stored,
 * or a manifest that names nothing. It goes level by level, visits each manifest once, and stops at
 * a bound: undefined means that none was found. Does not reject.
 */
export async function findComplete(
  context: Context,
  repository: Repository,
  root: KnownManifest,
): Promise<KnownManifest | undefined> {
  const depths = new Map<Digest, number>([[root.manifest.digest, 0]]);
  const turns = new Turns();
  let blobsLeft = mostBlobs;
  let bytesLeft = mostManifestBytes;
  // A map goes on with what is added to it meanwhile.
  for (const [digest, depth] of depths) {
    const known = depth === 0 ? root : await knownManifest(context, repository, digest);
    const size = known?.manifest.bytes.byteLength ?? 0;
    bytesLeft -= size;
    if (bytesLeft < 0) return undefined;
    await turns.took(size);
    if (known === undefined) continue;
    const { contents } = known;
    if (contents?.kind === 'index') {
      if (contents.choices.length === 0) return known;
      if (depth === deepestIndex) continue;
      for (const choice of contents.choices) {
        if (depths.size > mostManifests) break;
        if (!depths.has(choice)) depths.set(choice, depth + 1);
      }
      continue;
    }
    const needed = contents?.needed ?? [];
    if (context.memory.complete.get(digest)) return known;
    if (contents?.hasMore || needed.length > blobsLeft) continue;
    const asked = await askedUntilMissing(context, needed);
    if (asked === undefined) return known;
    blobsLeft -= asked;
  }
  return undefined;
}

/** How many blobs were asked for until one was missing, or of another size; undefined: none is. */
async function askedUntilMissing(
  context: Context,
  needed: readonly NotedBlob[],
): Promise<number | undefined> {
  for (let asked = 0; asked < needed.length; asked += blobsAtOnce) {
    const some = needed.slice(asked, asked + blobsAtOnce);
    const stored = await Promise.all(
      some.map(async ({ digest, size }) => {
        const found = await context.blobs.stat(digest);
        return found?.size === size;
      }),
    );
    if (stored.includes(false)) return asked + some.length;
  }
  return undefined;
}

/** Lets other work run: the stores of one machine answer without a turn of the event loop. */
class Turns {
  #manifests = 0;
  #bytes = 0;

  async took(bytes: number): Promise<void> {
    this.#manifests += 1;
    this.#bytes += bytes;
    if (this.#manifests < manifestsPerTurn && this.#bytes < bytesPerTurn) return;
    this.#manifests = 0;
    this.#bytes = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
