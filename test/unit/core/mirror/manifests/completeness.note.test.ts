import { afterEach, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import type { Digest } from '../../../../../functions/core/oci/digest.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { textLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

let test: MirrorUnderTest | undefined;

afterEach(() => test?.close());

it('the fills of an image look for few other blobs, and the last one notes that it is complete', async () => {
  let asked = 0;
  test = await openMirror({
    missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }),
    ports: ({ blobs }) => ({
      blobs: new Proxy(blobs, {
        get(target, name) {
          if (name === 'stat') {
            return (digest: Digest) => {
              asked += 1;
              return target.stat(digest);
            };
          }
          const method = Reflect.get(target, name);
          return typeof method === 'function' ? method.bind(target) : method;
        },
      }),
    }),
  });
  const layers = Array.from({ length: 40 }, (_, at) => textLayer({ name: String(at) }));
  const image = makeImage({ layers });
  test.upstream.add('library/app', image);
  await test.manifest('library/app', image.manifest.digest);
  await test.fill();
  await test.settled();
  // Each fill looks for its own blob and the last one, and the last fill for all.
  expect(asked).toBeLessThanOrEqual(3 * 41);
  const repository = { registry: 'docker.io', name: 'library/app' };
  const noted = await test.store.manifests.getManifest(repository, known(image.manifest.digest));
  expect(noted?.complete).toBe(test.now());
});
