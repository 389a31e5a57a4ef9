import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { type IndexChild, makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const repository = { registry: 'docker.io', name: 'library/app' };
const down = new UpstreamError('unreachable', 'docker.io is not reachable');
const image = makeImage({ layers: [randomLayer('image', 5000)] });
const attestation = makeImage({
  layers: [randomLayer('attestation', 500)],
  architecture: 'unknown',
});
const runnable = { item: image, platform: 'linux/amd64' };
const unrunnable = { item: attestation, platform: 'unknown/unknown' };

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror();
});

afterEach(() => test.close());

/** Has an index pulled and one of its manifests with all its blobs; then the upstream fails. */
async function mirrored(children: readonly IndexChild[], pulled: typeof image) {
  for (const { item } of children) test.upstream.add('library/app', item);
  const index = makeIndex(children);
  test.upstream.add('library/app', index, '1');
  await test.tag('library/app', '1');
  await test.manifest('library/app', pulled.manifest.digest);
  await test.fill();
  test.upstream.failure = down;
  test.pass(6 * minute);
  return index;
}

const tagged = async () => (await test.tag('library/app', '1')).kind;

describe('an index', () => {
  it('is complete with one of its images', async () => {
    await mirrored([runnable, unrunnable], image);
    expect(await tagged()).toBe('found');
  });

  it('is not complete with an attestation alone', async () => {
    await mirrored([runnable, unrunnable], attestation);
    expect(await tagged()).toBe('unobtainable');
  });

  it('is complete with a child that names no platform', async () => {
    await mirrored([{ item: image }], image);
    expect(await tagged()).toBe('found');
  });

  it('of unknown platforms only is complete with one of them', async () => {
    await mirrored([unrunnable], attestation);
    expect(await tagged()).toBe('found');
  });

  it('is no longer complete after its image was evicted, even after a restart', async () => {
    const index = await mirrored([runnable], image);
    expect(await tagged()).toBe('found');
    await test.store.manifests.removeManifest(repository, known(image.manifest.digest));
    test.restart();
    test.pass(10 * minute);
    expect(await tagged()).toBe('unobtainable');
    const noted = await test.store.manifests.getManifest(repository, known(index.manifest.digest));
    expect(noted?.complete).toBeUndefined();
  });

  it('is not complete in a repository that has none of its images', async () => {
    const index = await mirrored([runnable], image);
    test.upstream.failure = undefined;
    test.upstream.add('library/other', index, '1');
    await test.tag('library/other', '1');
    test.upstream.failure = down;
    test.pass(6 * minute);
    expect(await tagged()).toBe('found');
    expect((await test.tag('library/other', '1')).kind).toBe('unobtainable');
  });

  it('is not complete by the note of an older version', async () => {
    const index = await mirrored([runnable, unrunnable], attestation);
    const digest = known(index.manifest.digest);
    await test.store.manifests.markComplete(repository, digest, Date.UTC(2026, 0, 1));
    test.restart();
    expect(await tagged()).toBe('unobtainable');
  });
});

describe('an image', () => {
  it('is complete after a restart by the note in the index', async () => {
    test.upstream.add('library/app', image, '1');
    await test.tag('library/app', '1');
    await test.fill();
    test.upstream.failure = down;
    test.pass(6 * minute);
    expect(await tagged()).toBe('found');
    const digest = known(image.manifest.digest);
    await vi.waitFor(async () => {
      const noted = await test.store.manifests.getManifest(repository, digest);
      expect(noted?.complete).toBeDefined();
    });
    test.restart();
    expect(await tagged()).toBe('found');
  });
});
