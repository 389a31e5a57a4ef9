import { afterEach, describe, expect, it, vi } from 'vitest';
import type {
  BlobPut,
  BlobSource,
  BlobStore,
} from '../../../../../functions/core/ports/blob-store.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { jsonContent } from '../../../../standins/images/content.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import {
  bytesOf,
  type Differences,
  type MirrorUnderTest,
  openMirror,
} from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 100_000);
const image = makeImage({ layers: [layer] });
const digest = known(layer.digest);

let test: MirrorUnderTest;
afterEach(() => test.close());

async function open(differences: Differences = {}): Promise<void> {
  test = await openMirror(differences);
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
}

async function expectLayer(name = 'library/app'): Promise<void> {
  const bytes = await bytesOf(await test.blob(name, digest));
  expect(Buffer.compare(Buffer.from(layer.bytes), bytes)).toBe(0);
}

/** The last bytes go out a moment before the blob is published. */
async function isStored(): Promise<void> {
  await vi.waitFor(async () =>
    expect(await test.store.blobs.stat(digest)).toMatchObject({ size: layer.size }),
  );
}

const failures = () => test.events.filter(({ kind }) => kind === 'store-failed');

describe('a stored blob that cannot be read', () => {
  it('costs each client an upstream request, but no failed pull', async () => {
    await open({
      ports: (store) => ({
        blobs: storeOf(store.blobs, { locate: () => Promise.reject(new Error('no table')) }),
      }),
    });
    await test.fill();
    test.upstream.asked.length = 0;
    await expectLayer();
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(2);
    expect(failures()).toHaveLength(2);
    expect(failures()[0]).toMatchObject({ operation: 'locate' });
  });

  it('is redirected to the upstream if the policy says so', async () => {
    await open({
      policy: { delivery: 'redirect' },
      ports: (store) => ({
        blobs: storeOf(store.blobs, { locate: () => Promise.reject(new Error('no table')) }),
      }),
    });
    test.upstream.location = { kind: 'redirect', url: 'https://cdn.example/blob' };
    expect(await test.blob('library/app', digest)).toMatchObject({ kind: 'redirect' });
  });
});

/** A store with some other methods; a class keeps its own on its prototype. */
function storeOf(blobs: BlobStore, other: Partial<BlobStore>): BlobStore {
  return {
    stat: (...args) => blobs.stat(...args),
    locate: (...args) => blobs.locate(...args),
    put: (...args) => blobs.put(...args),
    noteStored: (...args) => blobs.noteStored(...args),
    delete: (...args) => blobs.delete(...args),
    list: () => blobs.list(),
    usedBytes: () => blobs.usedBytes(),
    ...other,
  };
}

describe('a store that accepts no byte', () => {
  /** It fails with the first write, which comes after the upstream's first bytes. */
  const failingPut = (begun: Promise<void>, source: BlobSource): BlobPut => {
    const reader = source.open(0);
    const done = reader.read().then(async () => {
      await reader.cancel();
      throw new Error('ENOSPC: no space left on device');
    });
    done.catch(() => undefined);
    const follow = () => new ReadableStream({ pull: () => done });
    return { done, begun, follow };
  };

  it('costs no client its bytes, not even the first client', async () => {
    const never = new Promise<void>(() => undefined);
    await open({
      ports: (store) => ({
        blobs: storeOf(store.blobs, { put: (_, source) => failingPut(never, source) }),
      }),
    });
    for (let round = 0; round < 3; round++) await expectLayer();
    // The fill of the first, and what passed through.
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(4);
  });

  it('that fails after the first write: all clients but the first get their bytes', async () => {
    let isFull = true;
    await open({
      ports: (store) => ({
        blobs: storeOf(store.blobs, {
          put: (blob, source) =>
            isFull ? failingPut(Promise.resolve(), source) : store.blobs.put(blob, source),
        }),
      }),
    });
    await expect(bytesOf(await test.blob('library/app', digest))).rejects.toThrow('ENOSPC');
    await expectLayer();
    expect(await test.store.blobs.stat(digest)).toBeUndefined();
    isFull = false;
    test.pass(29_000);
    await expectLayer();
    expect(await test.store.blobs.stat(digest)).toBeUndefined();
    test.pass(1_000);
    await expectLayer();
    await isStored();
  });
});

describe('a store that refuses a blob before its first byte', () => {
  it('is still used for other blobs', async () => {
    const full = { done: Promise.reject(new Error('no room')), follow: () => new ReadableStream() };
    full.done.catch(() => undefined);
    await open({
      ports: (store) => ({
        blobs: storeOf(store.blobs, {
          put: (blob, source) => (blob.digest === digest ? full : store.blobs.put(blob, source)),
        }),
      }),
    });
    await expectLayer();
    expect(test.upstream.count(`GET blob library/app@${digest}`)).toBe(1);
    const config = known(image.config.digest);
    await bytesOf(await test.blob('library/app', config));
    await vi.waitFor(async () => expect(await test.store.blobs.stat(config)).toBeDefined());
  });
});

describe('a manifest that states a wrong size for a stored blob', () => {
  const lying = (size: number) => {
    const body = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    body.layers[0].size = size;
    return { manifest: jsonContent(body, image.manifest.mediaType) };
  };

  it.each([
    ['larger', layer.size + 1],
    ['smaller', layer.size - 1],
  ])('as %s: all clients get the right bytes', async (_, size) => {
    await open();
    await test.fill();
    test.upstream.add('attacker/app', lying(size), '1');
    await test.tag('attacker/app', '1');
    await expectLayer('attacker/app');
    expect(await test.store.blobs.stat(digest)).toMatchObject({ size: layer.size });
    test.upstream.asked.length = 0;
    await expectLayer();
    expect(test.upstream.asked).toEqual([]);
  });

  it('also in the repository of the correct manifest, and after a restart', async () => {
    await open();
    await test.fill();
    test.restart();
    test.upstream.add('library/app', lying(5), '2');
    await test.tag('library/app', '2');
    test.upstream.asked.length = 0;
    await expectLayer();
    await expectLayer();
    expect(test.upstream.asked).toEqual([]);
    expect(await test.blob('library/app', digest, 'HEAD')).toMatchObject({ size: layer.size });
  });

  it('is not complete', async () => {
    await open();
    await test.fill();
    const liar = lying(layer.size + 1);
    test.upstream.add('attacker/app', liar, '1');
    await test.tag('attacker/app', '1');
    test.pass(60_000);
    test.upstream.failure = new UpstreamError('unreachable', 'no connection');
    expect(await test.tag('attacker/app', '1')).toMatchObject({ kind: 'unobtainable' });
  });
});
