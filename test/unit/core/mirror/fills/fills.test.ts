import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BlobPut } from '../../../../../functions/core/ports/blob-store.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 200_000);
const image = makeImage({ layers: [layer, layer] });
const down = new UpstreamError('unavailable', 'docker.io answered 503', { status: 503 });

let test: MirrorUnderTest;

async function open(differences: Parameters<typeof openMirror>[0] = {}) {
  test = await openMirror(differences);
  test.upstream.add('library/app', image, '1');
}

beforeEach(() => open());
afterEach(() => test.close());

describe('a new image manifest', () => {
  it('queues each of its blobs once, before it is answered', async () => {
    await test.tag('library/app', '1');
    expect(test.queued.map((job) => job.blob.digest).sort()).toEqual(
      [image.config.digest, layer.digest].sort(),
    );
  });

  it('queues no blob that is too large to store', async () => {
    await test.close();
    await open({ limits: { maxBlobBytes: 100_000 } });
    await test.tag('library/app', '1');
    expect(test.queued.map((job) => job.blob.digest)).toEqual([image.config.digest]);
  });
});

describe('clients of a blob that is not stored', () => {
  it('share one GET, and with it the fill of the queue', async () => {
    await test.tag('library/app', '1');
    const filling = test.fill();
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => test.blob('library/app', layer.digest)),
    );
    const bodies = await Promise.all(outcomes.map(bytesOf));
    await filling;
    expect(bodies.every((bytes) => Buffer.from(layer.bytes).equals(bytes))).toBe(true);
    expect(test.upstream.count(`GET blob library/app@${layer.digest}`)).toBe(1);
  });

  it('share the refusal of the upstream as well', async () => {
    await test.tag('library/app', '1');
    let asked = 0;
    test.upstream.openBlob = async () => {
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { kind: 'absent' };
    };
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => test.blob('library/app', layer.digest)),
    );
    expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'absent' })));
    expect(asked).toBe(1);
  });

  it('may be many, of many blobs, without a signal that collects their listeners', async () => {
    const layers = Array.from({ length: 12 }, (_, at) => randomLayer(`layer ${at}`, 20_000));
    test.upstream.add('library/many', makeImage({ layers }), '1');
    await test.tag('library/many', '1');
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const outcomes = await Promise.all(
        layers.map(({ digest }) => test.blob('library/many', digest)),
      );
      await Promise.all(outcomes.map(bytesOf));
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', onWarning);
    }
    expect(warnings).toEqual([]);
  });

  it('may disconnect without stopping the fill', async () => {
    await test.tag('library/app', '1');
    const outcome = await test.blob('library/app', layer.digest);
    const body = outcome.kind === 'stream' ? outcome.body : undefined;
    if (!(body instanceof ReadableStream)) throw new Error('a stream was expected');
    await body.cancel();
    await test.fill();
    expect(await test.store.blobs.stat(known(layer.digest))).toMatchObject({ size: layer.size });
    expect(test.upstream.count(`GET blob library/app@${layer.digest}`)).toBe(1);
  });

  it('never get a complete but wrong blob, which is never stored', async () => {
    await test.tag('library/app', '1');
    test.upstream.corrupt = (bytes) => bytes.map((byte, at) => (at === 1000 ? byte ^ 1 : byte));
    await expect(bytesOf(await test.blob('library/app', layer.digest))).rejects.toThrow();
    expect(await test.store.blobs.stat(known(layer.digest))).toBeUndefined();
    await vi.waitFor(() =>
      expect(test.events).toContainEqual(
        expect.objectContaining({ kind: 'fill', outcome: 'mismatch', digest: layer.digest }),
      ),
    );
    test.upstream.corrupt = undefined;
    expect(await bytesOf(await test.blob('library/app', layer.digest))).toHaveLength(layer.size);
  });

  it('get an error when the upstream fails before the first byte', async () => {
    await test.tag('library/app', '1');
    test.upstream.failure = down;
    expect(await test.blob('library/app', layer.digest)).toEqual({
      kind: 'unobtainable',
      error: down,
    });
  });

  it('get the upstream’s redirect if the policy says so, while the fill is queued', async () => {
    await test.close();
    await open({ policy: { delivery: 'redirect' } });
    test.upstream.location = { kind: 'redirect', url: 'https://cdn.example/blob?signature=1' };
    await test.tag('library/app', '1');
    const outcomes = await Promise.all([
      test.blob('library/app', layer.digest),
      test.blob('library/app', layer.digest),
    ]);
    expect(outcomes).toMatchObject([{ kind: 'redirect' }, { kind: 'redirect' }]);
    expect(test.upstream.count('LOCATE')).toBe(1);
    expect(test.queued.map(({ blob }) => blob.digest)).toContain(layer.digest);
  });

  it('get a blob that is too large to store passed through, verified on the way', async () => {
    await test.close();
    await open({ limits: { maxBlobBytes: 100_000 } });
    await test.tag('library/app', '1');
    const bytes = await bytesOf(await test.blob('library/app', layer.digest));
    expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
    expect(await test.store.blobs.stat(known(layer.digest))).toBeUndefined();
    test.upstream.corrupt = (wrong) => wrong.map((byte, at) => (at === 1000 ? byte ^ 1 : byte));
    await expect(bytesOf(await test.blob('library/app', layer.digest))).rejects.toThrow('wrong');
  });

  it('still get their bytes when the store cannot write', async () => {
    await test.close();
    const failing = (): BlobPut => ({
      done: Promise.reject(new Error('ENOSPC: no space left on device')),
      follow: () => new ReadableStream(),
    });
    await open({
      ports: (store) => ({
        blobs: {
          ...store.blobs,
          stat: async () => undefined,
          locate: async () => undefined,
          put: failing,
          delete: async () => undefined,
          list: async function* () {},
          usedBytes: async () => 0,
        },
      }),
    });
    await test.tag('library/app', '1');
    const bytes = await bytesOf(await test.blob('library/app', layer.digest));
    expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
  });
});

describe('a job of the queue', () => {
  const job = {
    repository: { registry: 'docker.io', name: 'library/app' },
    blob: { digest: known(layer.digest), size: layer.size, mediaType: layer.mediaType },
  };

  it('is done when the blob is stored already', async () => {
    expect(await test.mirror.handleFill(job)).toEqual({ kind: 'done' });
    test.upstream.asked.length = 0;
    expect(await test.mirror.handleFill(job)).toEqual({ kind: 'done' });
    expect(test.upstream.asked).toEqual([]);
  });

  it('is retried after the upstream’s Retry-After', async () => {
    test.upstream.failure = new UpstreamError('limited', 'limited', { retryAfter: 42 });
    expect(await test.mirror.handleFill(job)).toMatchObject({ kind: 'retry', afterSeconds: 42 });
  });

  it('is given up if the upstream does not have the blob', async () => {
    const repository = { registry: 'docker.io', name: 'library/none' };
    expect(await test.mirror.handleFill({ ...job, repository })).toMatchObject({
      kind: 'given-up',
    });
  });
});

describe('a blob that the upstream cannot send', () => {
  it('does not prevent serving other images', async () => {
    const other = makeImage({ layers: [randomLayer('other', 1000)] });
    test.upstream.add('library/other', other, '1');
    await test.tag('library/other', '1');
    await test.tag('library/app', '1');
    test.upstream.failure = down;
    await test.blob('library/app', layer.digest);
    test.upstream.failure = undefined;
    expect(await test.manifest('library/other', other.manifest.digest)).toMatchObject({
      kind: 'found',
    });
  });
});

describe('a fill that was given up', () => {
  const fills = () => test.events.filter(({ kind }) => kind === 'fill').length;

  it('is not begun again for an hour if the blob turned out to be too large', async () => {
    await test.close();
    await open({ limits: { maxBlobBytes: 100_000 } });
    test.upstream.hidesSize = true;
    const get = async () => {
      const outcome = await test.blob('library/app', layer.digest);
      const bytes = await bytesOf(outcome).catch(() => new Uint8Array());
      await test.settled();
      return bytes.byteLength;
    };
    await get();
    expect(fills()).toBe(1);
    test.pass(3_599_999);
    expect(await get()).toBe(layer.size);
    expect(fills()).toBe(1);
    test.pass(1);
    await get();
    expect(fills()).toBe(2);
  });

  it('is begun again by the next client if the upstream had failed', async () => {
    await test.tag('library/app', '1');
    test.upstream.failure = down;
    await test.fill();
    expect(fills()).toBeGreaterThan(0);
    test.upstream.failure = undefined;
    test.pass(61_000);
    const outcome = await test.blob('library/app', layer.digest);
    expect(await bytesOf(outcome)).toHaveLength(layer.size);
    await test.settled();
    expect(await test.store.blobs.stat(known(layer.digest))).toMatchObject({ size: layer.size });
  });
});
