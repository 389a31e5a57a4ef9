import { afterEach, expect, it } from 'vitest';
import type { ManifestStore } from '../../../../../functions/core/ports/manifest-store.ts';
import { imageOf, madeDigest } from '../../../../contract/made-content.ts';
import { MemoryBlobs } from '../memory-blobs.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const other = { registry: 'docker.io', name: 'library/other' };

/** An image of a thousand blobs, config included. */
const layers = Array.from({ length: 999 }, (_, at) => `layer ${at}`);
const image = imageOf('image', layers);

let test: MirrorUnderTest;
afterEach(() => test.close());

/** Counts blobs between two turns of the event loop: other requests wait for these. */
class Turns {
  count = 0;
  most = 0;
  #sinceTurn = 0;
  #next = setImmediate(() => this.#turn());

  /** One more blob was looked at. */
  note(): void {
    this.count += 1;
    this.#sinceTurn += 1;
    this.most = Math.max(this.most, this.#sinceTurn);
  }

  end(): void {
    clearImmediate(this.#next);
  }

  #turn(): void {
    this.#sinceTurn = 0;
    this.#next = setImmediate(() => this.#turn());
  }
}

/** Blobs whose listing is noted; nothing is awaited that is not settled already. */
class NotedBlobs extends MemoryBlobs {
  turns: Turns | undefined;
  /** When all were stored, in ms since 1970. */
  age = 0;

  override async *list(after?: string) {
    for await (const blob of super.list(after)) {
      this.turns?.note();
      yield { ...blob, stored: this.age };
    }
  }
}

async function opened(storeBytes: number) {
  const blobs = new NotedBlobs();
  test = await openMirror({
    limits: { storeBytes },
    ports: ({ manifests }) => ({ blobs, manifests: notedManifests(manifests) }),
  });
  return blobs;
}

/** Counted apart from the listing. */
let looks: Turns | undefined;

/** An index whose looks are noted. */
function notedManifests(manifests: ManifestStore): ManifestStore {
  return new Proxy(manifests, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'isBlobNamed') looks?.note();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

async function evict(blobs: NotedBlobs) {
  const listed = new Turns();
  blobs.turns = listed;
  looks = new Turns();
  await test.mirror.evict();
  looks.end();
  listed.end();
  return { listed, looks };
}

it('eviction lets the event loop turn among blobs that manifests name', async () => {
  const blobs = await opened(999_999);
  await test.store.manifests.putManifest(repository, image.manifest, image.contents, 1);
  for (const { digest } of image.blobs) blobs.stored.add(digest);
  const { listed, looks } = await evict(blobs);
  expect(listed.count).toBe(1000);
  expect(listed.most).toBeLessThanOrEqual(128);
  expect(looks.most).toBeLessThanOrEqual(128);
});

it.each([1000, 10_000, 100_000])('and among %i recent blobs', async (count) => {
  const blobs = await opened(1);
  for (let at = 0; at < count; at++) blobs.stored.add(madeDigest(`young ${at}`));
  blobs.age = test.now();
  const { listed, looks } = await evict(blobs);
  expect([listed.count, looks.count]).toEqual([count, 0]);
  expect(listed.most).toBeLessThanOrEqual(128);
});

it('and within an image that shares its blobs', async () => {
  const blobs = await opened(1);
  for (const [at, of] of [repository, other].entries()) {
    await test.store.manifests.putManifest(of, image.manifest, image.contents, at + 1);
  }
  for (const { digest } of image.blobs) blobs.stored.add(digest);
  const { looks } = await evict(blobs);
  // Once in the listing, and once for each of the images.
  expect([looks.count, blobs.stored.size]).toEqual([3000, 0]);
  expect(looks.most).toBeLessThanOrEqual(128);
});
