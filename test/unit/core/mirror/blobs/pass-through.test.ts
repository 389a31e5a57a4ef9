import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { FedBody } from '../fed-body.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const layer = randomLayer('layer', 200_000);
const wrong = layer.bytes.map((byte, at) => (at === 1000 ? byte ^ 1 : byte));
const image = makeImage({ layers: [layer] });

let test: MirrorUnderTest;

beforeEach(async () => {
  // Too large to store, so it is passed through.
  test = await openMirror({ limits: { maxBlobBytes: 100_000 } });
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
});
afterEach(() => test.close());

/** What a client gets of the layer: its bytes, and how they ended. */
async function received(): Promise<{ bytes: number; end: string }> {
  const outcome = await test.blob('library/app', layer.digest);
  const body = outcome.kind === 'stream' ? outcome.body : undefined;
  if (!(body instanceof ReadableStream)) throw new Error('a stream was expected');
  const reader = body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { bytes, end: 'clean' };
      bytes += value.byteLength;
    }
  } catch (error) {
    return { bytes, end: String(error) };
  }
}

/** Gives these chunks to the mirror, and then the end of the body. */
async function give(body: FedBody, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of [...chunks, undefined]) await body.give(chunk);
}

describe('a blob that is passed through', () => {
  it.each([
    ['one chunk', [wrong]],
    ['two chunks', [wrong.subarray(0, 150_000), wrong.subarray(150_000)]],
    ['a last chunk of one byte', [wrong.subarray(0, -1), wrong.subarray(-1)]],
  ])('never reaches a client whole with wrong bytes, in %s', async (_, chunks) => {
    const body = new FedBody();
    test.upstream.body = () => body.reader;
    const [{ bytes, end }] = await Promise.all([received(), give(body, chunks)]);
    // With a Content-Length, all of its bytes would be a complete answer.
    expect(bytes).toBe(layer.size - (chunks.at(-1)?.byteLength ?? 0));
    expect(end).toMatch(/wrong bytes/);
  });

  it('reaches it whole when they are right', async () => {
    const body = new FedBody();
    test.upstream.body = () => body.reader;
    const chunks = [layer.bytes.subarray(0, 150_000), layer.bytes.subarray(150_000)];
    const [{ bytes, end }] = await Promise.all([received(), give(body, chunks)]);
    expect({ bytes, end }).toEqual({ bytes: layer.size, end: 'clean' });
  });

  it('is counted, whole or in part', async () => {
    expect(await received()).toEqual({ bytes: layer.size, end: 'clean' });
    const outcome = await test.blob('library/app', layer.digest);
    if (outcome.kind !== 'stream') throw new Error('a stream was expected');
    if (outcome.body instanceof ReadableStream) await outcome.body.cancel();
    const passed = test.events.filter(({ kind }) => kind === 'passed-through');
    expect(passed).toMatchObject([
      { repository: 'docker.io/library/app', bytes: layer.size },
      { repository: 'docker.io/library/app', bytes: expect.any(Number) },
    ]);
  });
});
