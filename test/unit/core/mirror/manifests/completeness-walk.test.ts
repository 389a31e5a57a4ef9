import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { type Content, jsonContent } from '../../../../standins/images/content.ts';
import type { Image } from '../../../../standins/images/image.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import {
  type ImageIndex,
  type IndexChild,
  makeIndex,
} from '../../../../standins/images/image-index.ts';
import { randomLayer, textLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const down = new UpstreamError('unreachable', 'docker.io is not reachable');
const image = makeImage({ layers: [randomLayer('image', 5000)] });
const small = (name: string) => makeImage({ layers: [textLayer({ name })] });
const indexOf = (items: readonly IndexChild['item'][]) =>
  makeIndex(items.map((item) => ({ item })));

let test: MirrorUnderTest;
/** What was asked of the stores. */
let asked: { manifests: string[]; blobs: string[] };
/** Called before each blob is looked for. */
let onBlob: () => Promise<void>;

beforeEach(async () => {
  asked = { manifests: [], blobs: [] };
  onBlob = async () => undefined;
  test = await openMirror({
    ports: ({ manifests, blobs }) => ({
      manifests: new Proxy(manifests, {
        get(target, name) {
          if (name === 'getManifest') {
            return (...ask: Parameters<typeof target.getManifest>) => {
              asked.manifests.push(ask[1]);
              return target.getManifest(...ask);
            };
          }
          const method = Reflect.get(target, name);
          return typeof method === 'function' ? method.bind(target) : method;
        },
      }),
      blobs: new Proxy(blobs, {
        get(target, name) {
          if (name === 'stat') {
            return async (digest: Parameters<typeof target.stat>[0]) => {
              asked.blobs.push(digest);
              const found = await target.stat(digest);
              await onBlob();
              return found;
            };
          }
          const method = Reflect.get(target, name);
          return typeof method === 'function' ? method.bind(target) : method;
        },
      }),
    }),
  });
});

afterEach(() => test.close());

/** Has manifests pulled by digest and none of their blobs; then the upstream fails. */
async function pulled(items: readonly (Image | ImageIndex)[]): Promise<void> {
  for (const item of items) test.upstream.add('library/app', item);
  for (const { manifest } of items) await test.manifest('library/app', manifest.digest);
  test.upstream.failure = down;
  test.pass(60_000);
  asked.manifests = [];
  asked.blobs = [];
}

/** The upstream answers for as long as the work takes; then the mirror sees it fail. */
async function whileUp(work: () => Promise<unknown>): Promise<void> {
  test.upstream.failure = undefined;
  await work();
  test.upstream.failure = down;
  await test.blob('library/app', `sha256:${'0'.repeat(64)}`, 'HEAD');
}

const isServed = async ({ manifest }: { manifest: { digest: string } }) =>
  (await test.manifest('library/app', manifest.digest)).kind === 'found';

/** The manifest of an image with another size of its layer. */
function lyingAbout({ manifest }: Image, size: number): Content {
  const body = JSON.parse(Buffer.from(manifest.bytes).toString());
  body.layers[0].size = size;
  return jsonContent(body, manifest.mediaType);
}

describe('a walk over an index', () => {
  it('three levels deep with repeated digests visits each manifest once', async () => {
    const repeated = (item: IndexChild['item']) => indexOf(Array.from({ length: 40 }, () => item));
    const deepest = repeated(image);
    const middle = repeated(deepest);
    const root = repeated(middle);
    await pulled([root, middle, deepest]);
    expect(await isServed(root)).toBe(false);
    expect(asked.manifests).toEqual([image.manifest.digest]);
  });

  it('with many paths to the same manifests visits each once', async () => {
    const images = Array.from({ length: 12 }, (_, at) => small(`image ${at}`));
    const level = (below: readonly IndexChild['item'][], name: string) =>
      Array.from({ length: 12 }, (_, at) =>
        makeIndex(
          below.map((item) => ({ item })),
          { annotations: { name: `${name} ${at}` } },
        ),
      );
    const deepest = level(images, 'deepest');
    const middle = level(deepest, 'middle');
    const root = indexOf(middle);
    await pulled([root, ...middle, ...deepest, ...images]);
    test.restart();
    expect(await isServed(root)).toBe(false);
    expect(asked.manifests).toHaveLength(1 + 12 + 12 + 12);
    expect(new Set(asked.manifests).size).toBe(asked.manifests.length);
    expect(asked.blobs).toHaveLength(12 * 2);
  });

  it('finds an image that a shorter path also leads to', async () => {
    const deep = indexOf([indexOf([indexOf([indexOf([image])])])]);
    const near = indexOf([image]);
    const root = indexOf([deep, near]);
    await pulled([root, deep, near, image]);
    await whileUp(() => test.fill());
    expect(await isServed(root)).toBe(true);
  });

  it('goes three levels deep, and no deeper', async () => {
    const one = indexOf([image]);
    const two = indexOf([one]);
    const three = indexOf([two]);
    const four = indexOf([three]);
    await pulled([four, three, two, one, image]);
    await whileUp(() => test.fill());
    expect(await isServed(three)).toBe(true);
    expect(await isServed(four)).toBe(false);
  });

  it('takes no image for complete whose blobs are stored with other sizes', async () => {
    const lying = lyingAbout(image, 5);
    test.upstream.add('library/app', image);
    await test.manifest('library/app', image.manifest.digest);
    await test.fill();
    test.upstream.add('library/app', { manifest: lying });
    await test.manifest('library/app', lying.digest);
    test.upstream.failure = down;
    test.pass(60_000);
    expect(await isServed({ manifest: lying })).toBe(false);
    expect(await isServed(image)).toBe(true);
  });

  it('of many manifests in several indexes is limited', async () => {
    const nested = [1, 2, 3].map((at) =>
      indexOf(Array.from({ length: 150 }, (_, child) => small(`image ${at} ${child}`))),
    );
    const root = indexOf(nested);
    await pulled([root, ...nested]);
    expect(await isServed(root)).toBe(false);
    expect(new Set(asked.manifests).size).toBeLessThanOrEqual(201);
  });

  it('of very many manifests is limited', async () => {
    const root = indexOf(Array.from({ length: 300 }, (_, at) => small(`image ${at}`)));
    await pulled([root]);
    expect(await isServed(root)).toBe(false);
    expect(asked.manifests).toHaveLength(200);
  });

  it('over images of many blobs looks for a limited number of them', async () => {
    const layers = (name: string) =>
      Array.from({ length: 30 }, (_, at) => textLayer({ [name]: String(at) }));
    const images = Array.from({ length: 60 }, (_, at) => makeImage({ layers: layers(`${at}`) }));
    const root = indexOf(images);
    await pulled([root, ...images]);
    expect(await isServed(root)).toBe(false);
    expect(asked.blobs.length).toBeGreaterThan(900);
    expect(asked.blobs.length).toBeLessThanOrEqual(1_000);
  });

  it('finds no image with more blobs than are noted, and queues none of them', async () => {
    const layer = textLayer({ a: 'a' });
    const layers = Array.from({ length: 1_000 }, (_, at) => ({
      ...layer,
      digest: `sha256:${String(at).padStart(64, '0')}`,
    }));
    const huge = makeImage({ layers });
    await pulled([huge]);
    expect(test.queued).toEqual([]);
    expect(await isServed(huge)).toBe(false);
    expect(asked.blobs).toEqual([]);
  });

  it('lets other work run', async () => {
    const images = Array.from({ length: 100 }, (_, at) => small(`image ${at}`));
    const root = indexOf(images);
    await pulled([root, ...images]);
    test.restart();
    let isDone = false;
    let turns = 0;
    const counting = (async () => {
      for (; !isDone; turns++) await new Promise((resolve) => setImmediate(resolve));
    })();
    await isServed(root);
    isDone = true;
    await counting;
    expect(turns).toBeGreaterThan(3);
  });
});

describe('an incomplete manifest', () => {
  it('is not examined again for a moment', async () => {
    await pulled([image]);
    expect(await isServed(image)).toBe(false);
    const before = asked.blobs.length;
    expect(before).toBeGreaterThan(0);
    expect(await isServed(image)).toBe(false);
    expect(asked.blobs).toHaveLength(before);
    test.pass(3_000);
    expect(await isServed(image)).toBe(false);
    expect(asked.blobs).toHaveLength(2 * before);
  });

  it('is walked once for concurrent requests', async () => {
    await pulled([image]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => isServed(image)));
    expect(answers).not.toContain(true);
    expect(asked.blobs.length).toBeLessThanOrEqual(2);
  });

  it('is examined again as soon as a fill ends', async () => {
    await pulled([image]);
    expect(await isServed(image)).toBe(false);
    const before = test.now();
    await whileUp(() => test.fill());
    // The pauses of the work would let what is remembered expire.
    test.pass(before - test.now());
    expect(await isServed(image)).toBe(true);
  });

  it('is examined again as soon as its image arrives, whose blobs another repository brought', async () => {
    const root = indexOf([image]);
    test.upstream.add('library/other', image);
    await test.manifest('library/other', image.manifest.digest);
    await test.fill();
    await pulled([root]);
    expect(await isServed(root)).toBe(false);
    test.upstream.add('library/app', image);
    await whileUp(() => test.manifest('library/app', image.manifest.digest));
    expect(await isServed(root)).toBe(true);
  });

  it('is not remembered if a fill ended during the walk', async () => {
    await pulled([image]);
    let isFilled = false;
    onBlob = async () => {
      if (isFilled) return;
      isFilled = true;
      await whileUp(() => test.fill());
    };
    expect(await isServed(image)).toBe(false);
    expect(isFilled).toBe(true);
    expect(await isServed(image)).toBe(true);
  });
});
