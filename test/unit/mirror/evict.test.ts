import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeImage } from '../../images/image.ts';
import { randomLayer } from '../../images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from './mirror-over-store.ts';

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
  it('leaves everything while the store is within its bound', async () => {
    await pulled(1_000_000);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set([...digestsOf(0), ...digestsOf(1), ...digestsOf(2)]));
  });

  it('takes the image pulled longest ago, and no blob that a kept one names', async () => {
    await pulled(10_000_000);
    const used = await test.store.blobs.usedBytes();
    await test.close();
    await pulled(used - 1);
    expect(await stored()).toEqual(new Set([...digestsOf(0), ...digestsOf(2)]));
  });

  it('leaves a young blob that nothing names: its manifest may be on its way', async () => {
    await pulled(1);
    await test.mirror.evict();
    expect((await stored()).size).toBeGreaterThan(0);
    test.pass(3_600_000);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set());
  });

  it('brings back what was evicted when it is pulled again', async () => {
    await pulled(1);
    test.pass(3_600_000);
    await test.mirror.evict();
    expect(await stored()).toEqual(new Set());
    expect(await test.tag('library/b', '1')).toMatchObject({ kind: 'found' });
    expect(await bytesOf(await test.blob('library/b', shared.digest))).toHaveLength(shared.size);
  });

  it('is due as well when a client led the fill and the queue had nothing to do', async () => {
    test = await openMirror({ limits: { storeBytes: 1 } });
    const [image] = images;
    if (image === undefined) throw new Error('there is no image');
    test.upstream.add('library/a', image, '1');
    await test.tag('library/a', '1');
    await bytesOf(await test.blob('library/a', shared.digest));
    await vi.waitFor(async () => expect(await stored()).toEqual(new Set()));
  });

  it('is told', async () => {
    await pulled(1);
    await test.mirror.evict();
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'evicted', manifests: 1 }));
  });
});
