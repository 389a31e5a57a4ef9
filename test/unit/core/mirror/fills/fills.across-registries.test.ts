import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { FedBody } from '../fed-body.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('shared', 200_000);
const image = makeImage({ layers: [layer] });
const digest = known(layer.digest);
const wrong = layer.bytes.map((byte) => byte ^ 1);
const blob = { digest, size: layer.size, mediaType: layer.mediaType };
const good = { registry: 'docker.io', name: 'library/app' };
const evil = { registry: 'evil.test', name: 'app' };

let test: MirrorUnderTest;
/** What the other registry sends for every blob. */
let bodies: FedBody[];

async function open(differences: Parameters<typeof openMirror>[0] = {}) {
  test = await openMirror(differences);
  test.upstream.add('library/app', image, '1');
  test.evil.add('app', image, '1');
  bodies = [];
  test.evil.body = () => {
    const body = new FedBody();
    bodies.push(body);
    return body.reader;
  };
}

beforeEach(() => open());
afterEach(() => test.close());

const isStored = async () => (await test.store.blobs.stat(digest)) !== undefined;
const fills = () => test.events.filter((event) => event.kind === 'fill');

/** Begins the other registry's fill; resolves once it waits for bytes. */
async function beginEvil(mirror = test.mirror) {
  const filling = mirror.handleFill({ repository: evil, blob });
  while (bodies.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const [body = new FedBody()] = bodies.splice(0);
  await body.asked;
  return { body, filling };
}

describe('a blob that another registry sends slowly, or with wrong bytes', () => {
  it('comes from the requested registry, and is stored', async () => {
    const { body, filling } = await beginEvil();
    await body.give(layer.bytes.subarray(0, 10));
    await test.tag('library/app', '1');
    const bytes = await bytesOf(await test.blob('library/app', layer.digest));
    expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
    while (!(await isStored())) await new Promise((resolve) => setImmediate(resolve));
    // The other one ends on its own, and takes nothing away.
    await body.give(wrong.subarray(10));
    await body.give(undefined);
    expect(await filling).toMatchObject({ kind: 'retry' });
    expect(await isStored()).toBe(true);
    expect(await test.store.blobs.usedBytes()).toBe(layer.size);
  });

  it('is not cut by the other registry’s wrong bytes, however fast they arrive', async () => {
    const { body, filling } = await beginEvil();
    await body.give(wrong.subarray(0, 150_000));
    await test.tag('library/app', '1');
    const outcome = await test.blob('library/app', layer.digest);
    await body.give(wrong.subarray(150_000));
    await body.give(undefined);
    expect(await filling).toMatchObject({ kind: 'retry' });
    expect(Buffer.from(layer.bytes).equals(await bytesOf(outcome))).toBe(true);
    await test.settled();
    const outcomes = fills().map(({ repository, outcome }) => `${repository} ${outcome}`);
    expect(outcomes.sort()).toEqual(['docker.io/library/app stored', 'evil.test/app mismatch']);
  });

  it.each(['filled', 'passed through'])(
    'counts against that registry’s repository alone when it is %s',
    async (way) => {
      await test.close();
      await open(way === 'filled' ? {} : { limits: { maxBlobBytes: 10 } });
      expect(await test.tag('evil.test/app', '1')).toMatchObject({ kind: 'found' });
      test.evil.body = undefined;
      test.evil.corrupt = (bytes) => bytes.map((byte) => byte ^ 1);
      for (let round = 0; round < 2; round++) {
        expect(await test.tag('evil.test/app', '1')).toMatchObject({ kind: 'found' });
        await expect(bytesOf(await test.blob('evil.test/app', layer.digest))).rejects.toThrow();
        await test.settled();
      }
      expect(await test.tag('evil.test/app', '1')).toMatchObject({
        kind: 'unobtainable',
        error: { message: expect.stringContaining('wrong bytes') },
      });
      expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'found' });
      test.pass(61_000);
      expect(await test.tag('evil.test/app', '1')).toMatchObject({ kind: 'found' });
    },
  );

  it('is stored once if both registries send it', async () => {
    const { body, filling } = await beginEvil();
    const other = test.mirror.handleFill({ repository: good, blob });
    await body.give(layer.bytes);
    await body.give(undefined);
    expect(await Promise.all([filling, other])).toEqual([{ kind: 'done' }, { kind: 'done' }]);
    expect(await test.store.blobs.usedBytes()).toBe(layer.size);
  });
});

describe('a fill of another instance', () => {
  it('blocks no fill from another registry', async () => {
    const { body, filling } = await beginEvil(test.another());
    expect(await test.mirror.handleFill({ repository: good, blob })).toEqual({ kind: 'done' });
    expect(await isStored()).toBe(true);
    await body.give(wrong);
    await body.give(undefined);
    expect(await filling).toMatchObject({ kind: 'retry' });
  });

  it('is queued for each registry that clients request the blob from', async () => {
    await test.close();
    await open({ missingBlobs: awaitLarge({ passThroughBytes: 1e6, wait: 0 }) });
    await test.blob('evil.test/app', layer.digest);
    await test.tag('library/app', '1');
    const registries = test.queued
      .filter((job) => job.blob.digest === digest)
      .map(({ repository }) => repository.registry);
    expect(registries).toEqual(['evil.test', 'docker.io']);
  });
});

describe('a blob whose size two manifests state differently', () => {
  it('has two fills: the one with the wrong size cuts only its own clients', async () => {
    const body = new FedBody();
    test.upstream.body = () => body.reader;
    test.upstream.hidesSize = true;
    const lying = test.mirror.handleFill({ repository: good, blob: { ...blob, size: 5 } });
    await body.asked;
    test.upstream.body = undefined;
    test.upstream.hidesSize = false;
    await test.tag('library/app', '1');
    const outcome = await test.blob('library/app', layer.digest);
    await body.give(layer.bytes);
    expect(await lying).toMatchObject({ kind: 'retry' });
    expect(await bytesOf(outcome)).toHaveLength(layer.size);
  });
});
