import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RangesOutcome } from '../../../../../functions/core/mirror/mirror.ts';
import { multipartRanges } from '../../../../../functions/core/registry/multipart-ranges.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('large', 300_000);
const image = makeImage({ layers: [layer] });
const digest = known(layer.digest);

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror();
  test.upstream.add('library/app', image, '1');
  test.evil.add('app', image, '1');
  await test.tag('library/app', '1');
});
afterEach(() => test.close());

function ask(registry = 'docker.io', name = 'library/app'): Promise<RangesOutcome> {
  const ranges = [
    { kind: 'from', start: 200_000, end: undefined },
    { kind: 'from', start: 10, end: 99 },
  ] as const;
  return test.mirror.repository({ registry, name }).locateRanges(digest, ranges);
}

async function parts() {
  const outcome = await ask();
  if (outcome.kind !== 'parts') throw new Error(`parts were expected, not ${outcome.kind}`);
  return outcome;
}

describe('several ranges of a blob', () => {
  it('are refused while it is not stored, without a request for it', async () => {
    expect(await ask()).toEqual({ kind: 'refused' });
    expect(test.upstream.count('GET blob')).toBe(0);
  });

  it('come from the store, one after the other', async () => {
    await test.fill();
    const { size, parts: opened } = await parts();
    expect(size).toBe(layer.size);
    const [first, second] = await Promise.all(
      opened.map(
        async (part) => new Uint8Array(await new Response(await part.open()).arrayBuffer()),
      ),
    );
    expect(first).toEqual(new Uint8Array(layer.bytes.subarray(200_000)));
    expect(second).toEqual(new Uint8Array(layer.bytes.subarray(10, 100)));
  });

  it('are refused to a registry that only confirms the blob by HEAD', async () => {
    await test.fill();
    expect(await ask('evil.test', 'app')).toEqual({ kind: 'refused' });
  });

  it('break off if the blob is deleted meanwhile', async () => {
    await test.fill();
    const { size, parts: opened } = await parts();
    await test.store.blobs.delete(digest);
    const { body } = multipartRanges(digest, size, opened);
    await expect(new Response(body).arrayBuffer()).rejects.toThrow('was deleted');
  });

  it('hold nothing open after a client left before the first byte', async () => {
    await test.fill();
    const { size, parts: opened } = await parts();
    await test.store.blobs.delete(digest);
    const before = await test.store.blobs.usedBytes();
    await multipartRanges(digest, size, opened).body.cancel();
    expect(before - (await test.store.blobs.usedBytes())).toBe(layer.size);
  });
});
