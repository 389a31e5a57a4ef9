import { afterEach, describe, expect, it } from 'vitest';
import type { ByteReader } from '../../../functions/core/oci/byte-reader.ts';
import { makeImage } from '../../images/image.ts';
import { randomLayer } from '../../images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from './mirror-over-store.ts';
import { known } from './scripted-upstream.ts';

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

/** Bytes without an end; counts what was read of them. */
function endless(): { readonly reader: ByteReader; bytes: number; isCancelled: boolean } {
  const body = {
    bytes: 0,
    isCancelled: false,
    reader: {
      async read() {
        // As a connection does, it gives way to others.
        await new Promise((resolve) => setImmediate(resolve));
        if (body.isCancelled) return { done: true as const, value: undefined };
        body.bytes += 10_000;
        return { done: false as const, value: new Uint8Array(10_000) };
      },
      async cancel() {
        body.isCancelled = true;
      },
    },
  };
  return body;
}

describe('a blob whose size nobody stated', () => {
  it('is stored when it is not larger than what may be stored', async () => {
    await open({ maxBlobBytes: layer.size, storeBytes: layer.size });
    expect(await bytesOf(await test.blob(name, layer.digest))).toHaveLength(layer.size);
    await test.settled();
    expect(await test.store.blobs.stat(known(layer.digest))).toMatchObject({ size: layer.size });
  });

  it.each([
    ['maxBlobBytes', { maxBlobBytes: 100_000 }],
    ['storeBytes', { storeBytes: 100_000 }],
  ])('is broken off at %s, and nothing of it is kept', async (_, limits) => {
    await open(limits);
    const body = endless();
    test.upstream.body = () => body.reader;
    await expect(bytesOf(await test.blob(name, layer.digest))).rejects.toThrow('grew beyond');
    await test.settled();
    expect(body.isCancelled).toBe(true);
    expect(body.bytes).toBeLessThanOrEqual(110_000);
    expect(test.events).toContainEqual(expect.objectContaining(tooLarge));
    expect(await test.store.blobs.usedBytes()).toBe(0);
  });

  it('is passed through for an hour after that, and other blobs are stored meanwhile', async () => {
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

  it('counts with the others under way: together they are no larger than the store', async () => {
    await open({ storeBytes: 300_000 });
    const bodies = [endless(), endless()];
    let opened = 0;
    test.upstream.body = () => (bodies[opened++] ?? endless()).reader;
    const blobs = [layer, other].map(({ digest }) => test.blob(name, digest).then(bytesOf));
    expect(await Promise.all(blobs.map(settled))).toEqual(['broken', 'broken']);
    await test.settled();
    const tooLarge = test.events.filter((event) => event.kind === 'fill');
    expect(tooLarge.some(({ bytes }) => bytes < 200_000)).toBe(true);
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
