import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passThroughAll } from '../../../../../functions/core/mirror/blobs/background-fill.ts';
import { type Content, descriptorOf, jsonContent } from '../../../../standins/images/content.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const [own, foreign, large] = [
  randomLayer('own', 1000),
  randomLayer('foreign', 1000),
  randomLayer('large', 100_001),
] as const;
const image = makeImage({ layers: [own, foreign, large] });

/** The image's manifest, in which one layer is only at its vendor, as those of Windows were. */
function withForeignLayer(): Content {
  const { mediaType } = image.manifest;
  const layers = image.layers.map((layer) => ({
    ...descriptorOf(layer),
    ...(layer.digest === foreign.digest && { urls: ['https://vendor.example/layer'] }),
  }));
  const config = descriptorOf(image.config);
  return jsonContent({ schemaVersion: 2, mediaType, config, layers }, mediaType);
}

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror({ missingBlobs: passThroughAll, limits: { maxBlobBytes: 100_000 } });
});
afterEach(() => test.close());

describe('a manifest that comes from the upstream', () => {
  it('queues fills of its blobs, but not of foreign layers or of blobs beyond the limit', async () => {
    const manifest = withForeignLayer();
    test.upstream.add('library/app', { manifest });
    expect(await test.manifest('library/app', manifest.digest)).toMatchObject({ kind: 'found' });
    expect(test.queued.map(({ blob }) => blob.digest).sort()).toEqual(
      [image.config.digest, own.digest].sort(),
    );
    expect(test.queued.every((job) => job.manifest === manifest.digest)).toBe(true);
  });

  it('counts as one pull at the upstream, and is fetched once', async () => {
    test.upstream.add('library/app', image);
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => test.manifest('library/app', image.manifest.digest)),
    );
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
    expect(test.upstream.count('GET manifest')).toBe(1);
    expect((await test.store.ledger.counters()).pullsMade).toBe(1);
  });
});
