import { afterEach, describe, expect, it } from 'vitest';
import { passThroughAll } from '../../../../../functions/core/mirror/blobs/background-fill.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const layer = randomLayer('layer', 200_000);
const image = makeImage({ layers: [layer] });

let test: MirrorUnderTest;

async function open(maxBlobBytes: number): Promise<void> {
  test = await openMirror({ missingBlobs: passThroughAll, limits: { maxBlobBytes } });
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
  // The messages of the manifest are done or lost; the minute for which they count is over.
  test.queued.length = 0;
  test.pass(61_000);
}

afterEach(() => test.close());

describe('a blob that is not stored, where other instances fill', () => {
  it('is passed through, and its fill is queued once', async () => {
    await open(layer.size);
    for (let round = 0; round < 2; round++) {
      expect(await bytesOf(await test.blob('library/app', layer.digest))).toHaveLength(layer.size);
    }
    expect(test.queued.map(({ blob }) => blob)).toEqual([
      { digest: layer.digest, size: layer.size, mediaType: '' },
    ]);
  });

  it('is not queued if it is larger than limits.maxBlobBytes', async () => {
    await open(layer.size - 1);
    expect(await bytesOf(await test.blob('library/app', layer.digest))).toHaveLength(layer.size);
    expect(test.queued).toEqual([]);
  });
});
