import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../../../functions/core/oci/descriptor.ts';
import { jsonContent } from '../../../standins/images/content.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from './mirror-over-store.ts';
import { known } from './scripted-upstream.ts';

setFlagsFromString('--expose_gc');
const collectGarbage: () => void = runInNewContext('gc');

const image = makeImage({ layers: [randomLayer('layer', 1000)] });
const megabyte = 1_000_000;

let test: MirrorUnderTest;

/** The mirror under test has 1 MB for manifests. */
beforeEach(async () => {
  test = await openMirror();
});

afterEach(() => test.close());

/** By how much the heap grew for good, in bytes. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await work();
  collectGarbage();
  return process.memoryUsage().heapUsed - before;
}

describe('memory', () => {
  it.each(['annotations', 'urls', 'mediaType'])('keeps no %s of layers', async (field) => {
    const growth = await growthOf(async () => {
      for (let at = 0; at < 10; at++) {
        const long = `${at}-`.padEnd(4 * megabyte, 'x');
        const value = { annotations: { note: long }, urls: [long], mediaType: long }[field];
        const [layer] = image.layers;
        const [config] = [image.config];
        const content = jsonContent(
          {
            schemaVersion: 2,
            mediaType: image.manifest.mediaType,
            config: { mediaType: config.mediaType, digest: config.digest, size: config.size },
            layers: [{ mediaType: 'm', digest: layer?.digest, size: layer?.size, [field]: value }],
          },
          image.manifest.mediaType,
        );
        test.upstream.add(`library/app${at}`, { manifest: content }, '1');
        expect((await test.tag(`library/app${at}`, '1')).kind).toBe('found');
        test.upstream.forget(`library/app${at}`);
        test.queued.length = 0;
      }
    });
    expect(growth).toBeLessThan(15 * megabyte);
  });

  it('limits lists of referrers by their size', async () => {
    const growth = await growthOf(async () => {
      for (let at = 0; at < 40; at++) {
        const annotations = { note: `${at}-`.padEnd(megabyte, 'x') };
        const digest = known(image.manifest.digest);
        const referrer: Descriptor = { mediaType: 'm', digest, size: 1, annotations };
        test.upstream.referrers = { kind: 'found', manifests: [referrer] };
        const subject = known(`sha256:${String(at).padStart(64, '0')}`);
        const repository = { registry: 'docker.io', name: 'library/app' };
        const list = await test.mirror.repository(repository).listReferrers(subject);
        expect(list.kind).toBe('found');
      }
      test.upstream.referrers = { kind: 'unsupported' };
    });
    expect(growth).toBeLessThan(10 * megabyte);
  });
});
