import { afterEach, describe, expect, it, vi } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import { sourceOf } from '../../../../contract/fed-source.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const shared = randomLayer('base', 50_000);
const images = ['a', 'b', 'c'].map((name) =>
  makeImage({ layers: [shared, randomLayer(name, 100_000)], env: [`NAME=${name}`] }),
);

let test: MirrorUnderTest;
afterEach(() => test.close());

/** Pulls a, b, a again and then c, a minute apart; every fill looks after the bound. */
async function pulled(storeBytes: number) {
  test = await openMirror({ limits: { storeBytes } });
  for (const at of [0, 1, 0, 2]) {
    const name = `library/${'abc'[at]}`;
    const image = images[at];
    if (image) test.upstream.add(name, image, '1');
    await test.tag(name, '1');
    await test.fill();
    await test.settled();
    test.pass(60_000);
  }
}

async function stored() {
  const digests = new Set<string>();
  for await (const blob of test.store.blobs.list()) digests.add(blob.digest);
  return digests;
}

function digestsOf(at: number): string[] {
  const image = images[at];
  return image ? [image.config.digest, ...image.layers.map((layer) => layer.digest)] : [];
}

describe('evict', () => {
  it('keeps everything while the store is within its limit', async () => {
    await pulled(1_000_000);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set([...digestsOf(0), ...digestsOf(1), ...digestsOf(2)]));
  });

  it('evicts the least recently pulled image, but no blob that a remaining one names', async () => {
    await pulled(10_000_000);
    const used = await test.store.blobs.usedBytes();
    await test.close();
    await pulled(used - 1);
    expect(await stored()).toEqual(new Set([...digestsOf(0), ...digestsOf(2)]));
  });

  it('keeps a recent unreferenced blob: its manifest may be on the way', async () => {
    await pulled(1);
    const { digest, size, bytes } = randomLayer('unreferenced', 1000);
    await test.store.blobs.put({ digest: known(digest), size }, sourceOf(bytes)).done;
    await test.mirror.evict();
    expect(await stored()).toContain(digest);
    test.pass(3_600_000);
    await test.mirror.evict();
    expect(await stored()).toContain(digest);
    test.pass(1);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set());
  });

  it('forgets an evicted image in memory too, so that the next pull stores it again', async () => {
    await pulled(10_000_000);
    const used = await test.store.blobs.usedBytes();
    await test.close();
    await pulled(used - 1);
    const digest = known(images[1]?.manifest.digest ?? '');
    const repository = { registry: 'docker.io', name: 'library/b' };
    expect(await test.store.manifests.getManifest(repository, digest)).toBeUndefined();
    expect(await test.manifest('library/b', digest)).toMatchObject({ kind: 'found' });
    expect(await test.store.manifests.getManifest(repository, digest)).toBeDefined();
    expect(test.queued.map(({ blob }) => blob.digest).sort()).toEqual(digestsOf(1).sort());
  });

  it('leaves no repository the right to blobs that another one brings again', async () => {
    await pulled(10_000_000);
    const used = await test.store.blobs.usedBytes();
    await test.close();
    await pulled(used - 1);
    const b = images[1];
    if (b === undefined) throw new Error('there are three images');
    // Evicted a moment ago; now its upstream refuses it, and another repository has it.
    test.upstream.forget('library/b');
    test.upstream.add('library/other', b, '1');
    await test.tag('library/other', '1');
    await test.fill();
    const layer = b.layers[1]?.digest ?? '';
    expect(await test.blob('library/other', layer, 'HEAD')).toMatchObject({ kind: 'known' });
    expect(await test.blob('library/b', layer)).toEqual({ kind: 'absent' });
  });

  it('fetches an evicted image again when it is pulled', async () => {
    await pulled(1);
    test.pass(3_600_000);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set());
    expect(await test.tag('library/b', '1')).toMatchObject({ kind: 'found' });
    expect(await bytesOf(await test.blob('library/b', shared.digest))).toHaveLength(shared.size);
  });

  it('also runs after a fill that a client started', async () => {
    test = await openMirror({ limits: { storeBytes: 1 } });
    const [image] = images;
    if (image === undefined) throw new Error('there is no image');
    test.upstream.add('library/a', image, '1');
    await test.tag('library/a', '1');
    await bytesOf(await test.blob('library/a', shared.digest));
    await vi.waitFor(async () => expect(await stored()).toEqual(new Set()));
  });

  it('is reported', async () => {
    await pulled(1);
    await test.mirror.evict();
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'evicted', manifests: 1 }));
  });
});

describe('a fill', () => {
  const [image] = images;
  const layer = image?.layers[1]?.digest ?? '';
  const missingBlobs = awaitLarge({ passThroughBytes: 0, wait: 0 });
  /** What was asked of the stores, in its order. */
  let asked: string[];

  async function fillWith(usedBytes: () => Promise<number>) {
    asked = [];
    test = await openMirror({
      limits: { storeBytes: 1 },
      missingBlobs,
      ports: ({ blobs, manifests }) => ({
        blobs: noting(blobs, 'usedBytes', usedBytes),
        manifests: noting(manifests, 'markComplete'),
      }),
    });
    if (image) test.upstream.add('library/a', image, '1');
    await test.tag('library/a', '1');
  }

  function noting<Port extends object>(port: Port, noted: string, instead?: () => unknown): Port {
    return new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === noted) asked.push(noted);
          if (name === noted && instead !== undefined) return instead();
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  it('notes that its image is complete before eviction, even if eviction fails', async () => {
    await fillWith(() => Promise.reject(new Error('too many queries')));
    const pauseAt = Date.UTC(2027, 0, 1);
    for (const job of test.queued.splice(0)) {
      expect(await test.mirror.handleFill(job, { pauseAt })).toEqual({ kind: 'done' });
    }
    const due = 'usedBytes';
    expect(asked).toEqual([due, due, 'markComplete', due]);
    expect(test.events).toContainEqual(
      expect.objectContaining({ kind: 'store-failed', operation: 'evict' }),
    );
  });

  it('ends before eviction if the process lives on', async () => {
    let release: (used: number) => void = () => undefined;
    await fillWith(
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    await test.fill();
    expect(asked).toEqual(['usedBytes', 'markComplete']);
    expect(await test.store.blobs.stat(known(layer))).toBeDefined();
    release(0);
  });
});
