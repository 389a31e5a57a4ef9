import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { endScenes, image, largeLayer, setScene } from './scene.ts';

endScenes();

const everything = [image.config, ...image.layers];
const imageBytes = everything.reduce((sum, blob) => sum + blob.size, 0);

describe('many clients of a cold image', () => {
  // The peer: 20 manifest GETs, 230 to 273 blob GETs, 23 to 32 times the bytes.
  it('cause one manifest GET, one GET a blob, and its bytes once', async () => {
    const { upstream, pull } = await setScene({ auth: 'anonymous', blobs: 'stream' });
    const pulls = await Promise.all(Array.from({ length: 20 }, () => pull()));
    expect(pulls.every((one) => one.isComplete)).toBe(true);
    expect(upstream.count({ kind: 'manifest', method: 'GET' })).toBe(1);
    expect(upstream.count({ kind: 'blob', method: 'GET', status: 200 })).toBe(everything.length);
    expect(upstream.bytes('blob')).toBe(imageBytes);
  });

  it('are not held up by one that does not read, nor is the fill', async () => {
    const { mirror, manifest, pull } = await setScene({ blobs: 'stream' });
    await manifest();
    const lazy = request(`${mirror.url}/v2/library/app/blobs/${largeLayer}`);
    await new Promise((resolve) => lazy.on('response', resolve).end());
    expect(await pull()).toMatchObject({ isComplete: true });
    lazy.destroy();
  });
});

describe('a client leaves in the middle', () => {
  // The peer's fill goes on as well, and moves 5.6 MB for a blob of 4 MB.
  it('and stops nothing: the fill ends, with the bytes fetched once', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { upstream, manifest, blob } = await setScene({ blobs: 'stream' });
    upstream.fail({
      on: 'blob',
      match: largeLayer,
      times: 1,
      do: { kind: 'hold', until, after: 1_000_000 },
    });
    await manifest();
    const leaving = new AbortController();
    const response = await blob(largeLayer, '', { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    release();
    const next = await blob();
    expect((await next.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
    expect(upstream.count({ kind: 'blob', reference: largeLayer })).toBe(1);
  });
});

describe('a range', () => {
  it('of a cold blob is right, and so is the blob that is filled beside it', async () => {
    const { blob, manifest } = await setScene({ blobs: 'stream' });
    await manifest();
    const response = await blob(largeLayer, '', { headers: { range: 'bytes=1000000-1000099' } });
    expect(response.status).toBe(206);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes).toEqual(Buffer.from(image.layers[0]?.bytes.subarray(1_000_000, 1_000_100) ?? []));
  });

  it('of a warm blob is right, to its last byte', async () => {
    const { blob, warm } = await setScene();
    await warm();
    const response = await blob(largeLayer, '', { headers: { range: 'bytes=-5' } });
    expect(response.status).toBe(206);
    const size = image.layers[0]?.size ?? 0;
    expect(response.headers.get('content-range')).toBe(`bytes ${size - 5}-${size - 1}/${size}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(
      Buffer.from(image.layers[0]?.bytes.subarray(-5) ?? []),
    );
  });
});
