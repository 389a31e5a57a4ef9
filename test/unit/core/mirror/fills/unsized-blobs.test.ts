import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { FedBody } from '../fed-body.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('unstated', 200_000);
const other = randomLayer('other', 200_000);
const image = makeImage({ layers: [layer, other] });
const name = 'library/app';
const tooLarge = {
  kind: 'fill',
  outcome: 'failed',
  reason: expect.stringContaining('grew beyond'),
};

let test: MirrorUnderTest;

/** A mirror whose upstream states no size of a blob: no manifest was asked for. */
async function open(limits: { maxBlobBytes?: number; storeBytes?: number }) {
  test = await openMirror({ limits });
  test.upstream.add(name, image, '1');
  test.upstream.hidesSize = true;
}

afterEach(() => test.close());

/**
 * Follows the fill of an endless blob, of which the upstream gives 10,000 bytes at a time. The client
 * is answered once the first are there.
 */
async function followEndless(digest: string) {
  const body = new FedBody();
  test.upstream.body = () => body.reader;
  const chunk = new Uint8Array(10_000);
  const answering = test.blob(name, digest);
  await body.give(chunk);
  const reading = bytesOf(await answering);
  reading.catch(() => undefined);
  return {
    reading,
    /** Gives as many chunks, or as many as are wanted; resolves to how many came in all. */
    async give(chunks: number): Promise<number> {
      for (let given = 0; given < chunks; given++) {
        await Promise.race([body.asked, body.cancelled]);
        if (body.isCancelled) return given + 1;
        await body.give(chunk);
      }
      return chunks + 1;
    },
  };
}

describe('a blob of unknown size', () => {
  it('is stored if it is within the limits', async () => {
    await open({ maxBlobBytes: layer.size, storeBytes: layer.size });
    expect(await bytesOf(await test.blob(name, layer.digest))).toHaveLength(layer.size);
    await test.settled();
    expect(await test.store.blobs.stat(known(layer.digest))).toMatchObject({ size: layer.size });
  });

  it.each([
    ['maxBlobBytes', { maxBlobBytes: 100_000 }],
    ['storeBytes', { storeBytes: 100_000 }],
  ])('is aborted at %s, and nothing of it is kept', async (_, limits) => {
    await open(limits);
    const { reading, give } = await followEndless(layer.digest);
    expect(await give(100)).toBe(11);
    await expect(reading).rejects.toThrow('grew beyond');
    await test.settled();
    expect(test.events).toContainEqual(expect.objectContaining(tooLarge));
    expect(await test.store.blobs.usedBytes()).toBe(0);
  });

  it('is passed through for an hour after that, while other blobs are stored', async () => {
    await open({ maxBlobBytes: layer.size - 1 });
    // It may show before there is a byte to follow: then the client gets them all the same.
    await settled(test.blob(name, layer.digest).then(bytesOf));
    await test.settled();
    test.upstream.asked.length = 0;
    for (let round = 0; round < 2; round++) {
      const bytes = await bytesOf(await test.blob(name, layer.digest));
      expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
      test.pass(1_799_999);
    }
    expect(test.events.filter(({ kind }) => kind === 'fill')).toHaveLength(1);
    await bytesOf(await test.blob(name, image.config.digest));
    await test.settled();
    expect(await test.store.blobs.stat(known(image.config.digest))).toBeDefined();
    test.pass(2);
    await settled(test.blob(name, layer.digest).then(bytesOf));
    await test.settled();
    expect(
      test.events.filter((event) => event.kind === 'fill' && event.outcome === 'failed'),
    ).toHaveLength(2);
  });

  it('counts together with the others being filled: all are within the store’s limit', async () => {
    await open({ storeBytes: 300_000 });
    const one = await followEndless(layer.digest);
    const two = await followEndless(other.digest);
    expect(await one.give(20)).toBe(21);
    expect(await two.give(100)).toBe(10);
    await expect(two.reading).rejects.toThrow('grew beyond');
    // What came of the second counts no more.
    await vi.waitFor(() => expect(test.events).toContainEqual(expect.objectContaining(tooLarge)));
    expect(await one.give(100)).toBe(11);
    await expect(one.reading).rejects.toThrow('grew beyond');
    await test.settled();
    // What came of both is gone: the next one has all the room.
    test.upstream.body = undefined;
    const { digest, size } = image.config;
    expect(await bytesOf(await test.blob(name, digest))).toHaveLength(size);
    await test.settled();
    expect(await test.store.blobs.usedBytes()).toBe(size);
  });
});

async function settled(bytes: Promise<Uint8Array>): Promise<number | 'broken'> {
  return bytes.then(
    ({ byteLength }) => byteLength,
    () => 'broken' as const,
  );
}
