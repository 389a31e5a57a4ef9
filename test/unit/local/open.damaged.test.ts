import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openIndexDatabase } from '../../../functions/local/lmdb/database.ts';
import { openEmbeddedStore } from '../../../functions/local/open.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../core/mirror/mirror-over-store.ts';

const layer = randomLayer('layer', 100_000);
const image = makeImage({ layers: [layer] });

let folder: string;
let mirror: MirrorUnderTest;
let problems: string[];
/** Done before the stores are opened. */
let damage: () => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-damaged-index-'));
  problems = [];
  damage = async () => undefined;
  const onProblem = (reason: string) => problems.push(reason);
  mirror = await openMirror({
    openStore: async (now) => {
      await damage();
      return openEmbeddedStore(folder, { now, onProblem });
    },
  });
  mirror.upstream.add('library/app', image, '1');
});
afterEach(async () => {
  await mirror.close();
  await rm(folder, { recursive: true, force: true });
});

async function pull(): Promise<void> {
  expect(await mirror.tag('library/app', '1')).toMatchObject({ kind: 'found' });
  expect(await bytesOf(await mirror.blob('library/app', layer.digest))).toEqualBytes(layer.bytes);
  await mirror.fill();
}

test('a manifest that rotted in the index is fetched again, and kept', async () => {
  await pull();
  const { digest } = image.manifest;
  damage = async () => {
    const index = openIndexDatabase(folder);
    const rotten = Buffer.from(index.bytes.get(digest) ?? '');
    rotten[10] = (rotten[10] ?? 0) ^ 1;
    await index.write(() => void index.bytes.put(digest, rotten));
    await index.close();
  };
  await mirror.reopen();
  damage = async () => undefined;
  const manifest = async () => {
    const found = await mirror.manifest('library/app', digest);
    if (found.kind !== 'found') throw new Error(`the manifest is ${found.kind}`);
    return found.bytes;
  };
  expect(await manifest()).toEqualBytes(image.manifest.bytes);
  await mirror.settled();
  mirror.upstream.asked.length = 0;
  await mirror.reopen();
  expect(await manifest()).toEqualBytes(image.manifest.bytes);
  expect(mirror.upstream.asked).toEqual([]);
});

test('after a damaged index the blobs on the disk are used again, now and after a restart', async () => {
  await pull();
  await mirror.reopen();
  expect(problems).toEqual([]);
  damage = () => truncate(join(folder, 'index', 'data.mdb'), 20_000);
  await mirror.reopen();
  damage = async () => undefined;
  expect(problems).toEqual([expect.stringContaining('the index is damaged')]);
  mirror.upstream.asked.length = 0;
  await pull();
  await mirror.reopen();
  await pull();
  expect(mirror.upstream.asked.filter((asked) => asked.startsWith('GET blob'))).toEqual([]);
  expect(problems).toHaveLength(1);
});
