import { afterEach, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import type { Digest } from '../../../../../functions/core/oci/digest.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { jsonContent } from '../../../../standins/images/content.ts';
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

it('nothing is noted of a manifest whose blob is stored with another size', async () => {
  test = await openMirror({ missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }) });
  const image = makeImage({ layers: [textLayer({ name: 'a' })] });
  const body = JSON.parse(Buffer.from(image.manifest.bytes).toString());
  body.layers[0].size += 1;
  const lying = jsonContent(body, image.manifest.mediaType);
  test.upstream.add('library/app', image);
  test.upstream.add('library/app', { manifest: lying });
  for (const { digest } of [image.manifest, lying]) {
    await test.manifest('library/app', digest);
    await test.fill();
  }
  const repository = { registry: 'docker.io', name: 'library/app' };
  const { config } = image;
  const blob = { digest: known(config.digest), size: config.size, mediaType: config.mediaType };
  await test.mirror.handleFill({ repository, blob, manifest: known(lying.digest) });
  await test.settled();
  const noted = async (digest: string) =>
    (await test?.store.manifests.getManifest(repository, known(digest)))?.complete;
  expect(await noted(image.manifest.digest)).toBe(test.now());
  expect(await noted(lying.digest)).toBeUndefined();
});

it('a note from the future is not believed: the clock was set back', async () => {
  test = await openMirror({ missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }) });
  const image = makeImage({ layers: [textLayer({ name: 'a' })] });
  const digest = known(image.manifest.digest);
  const repository = { registry: 'docker.io', name: 'library/app' };
  test.upstream.add('library/app', image);
  await test.manifest('library/app', digest);
  const served = async (seen: number) => {
    await test?.store.manifests.markComplete(repository, digest, seen);
    test?.restart();
    return (await test?.manifest('library/app', digest))?.kind;
  };
  test.upstream.failure = new UpstreamError('unreachable', 'docker.io is not reachable');
  // Nothing was filled, so the notes are all that speaks for it.
  expect(await served(test.now() + 1)).toBe('unobtainable');
  expect(await served(test.now())).toBe('found');
});
