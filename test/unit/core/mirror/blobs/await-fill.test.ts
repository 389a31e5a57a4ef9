import { afterEach, expect, test } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 1000);
const image = makeImage({ layers: [layer] });

let mirror: MirrorUnderTest;

async function open(passThroughBytes: number, wait: number, maxBlobBytes = 1_000_000) {
  const missingBlobs = awaitLarge({ passThroughBytes, wait });
  mirror = await openMirror({ missingBlobs, limits: { maxBlobBytes } });
  mirror.upstream.add('library/app', image, '1');
  await mirror.tag('library/app', '1');
}
afterEach(() => mirror.close());

const get = () => mirror.blob('library/app', layer.digest);

/** How long a client waits for a blob that does not come, in ms. */
async function waited(): Promise<number> {
  const began = mirror.now();
  const outcome = await get();
  expect(outcome).toMatchObject({
    kind: 'unobtainable',
    error: { kind: 'timeout', message: `docker.io/library/app: ${layer.digest} is not filled yet` },
  });
  return mirror.now() - began;
}

test('a blob of the largest body is passed through', async () => {
  await open(layer.size, 0);
  expect(await bytesOf(await get())).toHaveLength(layer.size);
});

test('a larger blob waits for its fill, and not much longer than it may', async () => {
  await open(layer.size - 1, 5000);
  const time = await waited();
  expect(time).toBeGreaterThanOrEqual(5000);
  expect(time).toBeLessThan(6500);
});

test('pauses double from 100 ms to a second', async () => {
  await open(layer.size - 1, 20_000);
  const pauses: number[] = [];
  const { locate } = mirror.store.blobs;
  let last = mirror.now();
  mirror.store.blobs.locate = (...about) => {
    pauses.push(mirror.now() - last);
    last = mirror.now();
    return locate.apply(mirror.store.blobs, about);
  };
  await get();
  const waits = pauses.filter((pause) => pause > 0);
  for (const [at, pause] of waits.entries()) {
    const planned = Math.min(100 * 2 ** at, 1000);
    expect(pause).toBeGreaterThanOrEqual(planned * 0.5);
    expect(pause).toBeLessThanOrEqual(planned * 1.5);
  }
  expect(waits.length).toBeGreaterThan(10);
});

test('a blob that is too large to store is not waited for', async () => {
  await open(layer.size - 1, 5000, layer.size - 1);
  expect(await waited()).toBe(0);
});

test('the stored blob is served as soon as another instance has filled it', async () => {
  await open(layer.size - 1, 60_000);
  const waiting = get();
  const job = mirror.queued.find(({ blob }) => blob.digest === layer.digest);
  if (job === undefined) throw new Error('no fill was queued');
  await mirror.another().handleFill(job);
  const outcome = await waiting;
  expect(outcome).toMatchObject({ provenance: { kind: 'miss' } });
  expect(await bytesOf(outcome)).toHaveLength(layer.size);
});

test('a range is passed through if it is short enough, whatever the size of the blob', async () => {
  await open(10, 0);
  const repository = mirror.mirror.repository({ registry: 'docker.io', name: 'library/app' });
  const range = (end: number) =>
    repository.locateBlob(known(layer.digest), 'GET', { kind: 'from', start: 0, end });
  expect((await range(9)).kind).toBe('stream');
  expect((await range(10)).kind).toBe('unobtainable');
});
