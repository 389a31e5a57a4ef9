import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIndexDatabase } from '../../../../functions/local/lmdb/database.ts';
import { findDamage } from '../../../../functions/local/lmdb/index-file.ts';
import { LmdbManifestStore } from '../../../../functions/local/lmdb/manifest-store.ts';
import { openEmbeddedStore } from '../../../../functions/local/open.ts';
import { imageOf } from '../../../contract/made-content.ts';
import { madeRandom } from '../../core/mirror/made-random.ts';

const pageSize = 4096;
const repository = { registry: 'docker.io', name: 'library/app' };
const random = madeRandom(1);
const below = (most: number) => Math.floor(random() * most);

let folder: string;
let original: string;

/** Writes, changes and removes rows of all sizes. */
async function churn(index: ReturnType<typeof openIndexDatabase>, rounds: number): Promise<void> {
  const store = new LmdbManifestStore(index, { now: Date.now });
  const stored: ReturnType<typeof imageOf>[] = [];
  for (let round = 0; round < rounds; round++) {
    const layers = Array.from({ length: round % 9 === 0 ? 150 : 8 }, (_, at) => `${round}-${at}`);
    const image = imageOf(String(random()), layers);
    const { manifest, contents } = image;
    const tags = Array.from({ length: below(2000) }, (_, at) => `tag-${at}`);
    const { digest, mediaType, bytes } = manifest;
    const size = bytes.byteLength;
    const times = { checked: round, firstSeen: round, changed: round };
    const record = { digest, mediaType, size, ...times, history: [] };
    stored.push(image);
    const [gone] = round % 3 === 2 ? stored.splice(below(stored.length), 1) : [];
    await Promise.all([
      store.putManifest(repository, manifest, contents, round),
      store.putTag(repository, String(round), record),
      store.putTagList({ ...repository, name: `app${round % 7}` }, { tags, checked: round }),
      gone && store.removeManifest(repository, gone.manifest.digest),
    ]);
  }
  await store.stop();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-index-file-'));
  original = join(folder, 'original');
  const index = openIndexDatabase(original);
  await churn(index, 150);
  await index.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Change = (file: Awaited<ReturnType<typeof open>>, size: number) => Promise<unknown>;

/** A copy of the index, changed; its path. */
async function damagedCopy(name: string, change: Change): Promise<string> {
  const copy = join(folder, name);
  await mkdir(join(copy, 'index'), { recursive: true });
  for (const file of ['data.mdb', 'lock.mdb']) {
    await copyFile(join(original, 'index', file), join(copy, 'index', file));
  }
  const file = await open(join(copy, 'index', 'data.mdb'), 'r+');
  await change(file, (await file.stat()).size);
  await file.close();
  return copy;
}

/** Opens a store, uses every row of its index, and resolves to what it reported. */
async function problemsOf(data: string): Promise<string[]> {
  const problems: string[] = [];
  const store = await openEmbeddedStore(data, {
    now: Date.now,
    onProblem: (reason) => problems.push(reason),
  });
  await store.manifests.listTags(repository, { limit: undefined, last: undefined });
  for (const { digest } of await store.manifests.leastRecentlyPulled(50)) {
    await store.manifests.getManifest(repository, digest);
    await store.manifests.removeManifest(repository, digest);
  }
  for (let at = 0; at < 5; at++) {
    const { manifest, contents } = imageOf(`new ${at}`, ['1', '2']);
    await store.manifests.putManifest(repository, manifest, contents, at);
  }
  await store.close();
  return problems;
}

const writeAt = (position: number, bytes: Buffer): Change => {
  return (file) => file.write(bytes, 0, bytes.length, position);
};

describe('an intact index', () => {
  test('is intact after any writes, and while they go on', async () => {
    const data = join(folder, 'churned');
    const file = join(data, 'index', 'data.mdb');
    for (let opening = 0; opening < 3; opening++) {
      const index = openIndexDatabase(data);
      await churn(index, 40);
      expect(findDamage(file)).toBeUndefined();
      await index.close();
      expect(findDamage(file)).toBeUndefined();
    }
  });

  test.each([
    ['longer than its pages', (async (file, size) => file.truncate(size + 5000)) as Change],
    ['unchanged', (async () => undefined) as Change],
  ])('is used: %s', async (what, change) => {
    expect(await problemsOf(await damagedCopy(what, change))).toEqual([]);
  });

  test.each([0, 1, 100, 8192])('needs no intact lock file: %d random bytes', async (size) => {
    const copy = await damagedCopy(`lock ${size}`, async () => undefined);
    await writeFile(join(copy, 'index', 'lock.mdb'), randomBytes(size));
    expect(await problemsOf(copy)).toEqual([]);
  });

  test('may be empty, or not be there', async () => {
    expect(findDamage(join(folder, 'nothing'))).toBeUndefined();
    await writeFile(join(folder, 'empty'), '');
    expect(findDamage(join(folder, 'empty'))).toBeUndefined();
  });
});

describe('a damaged index', () => {
  test.each<[string, Change]>([
    ['cut to one byte', (file) => file.truncate(1)],
    ['cut to one page', (file) => file.truncate(pageSize)],
    ['cut within its metadata', (file) => file.truncate(5000)],
    ['cut in half', (file, size) => file.truncate(size / 2)],
    ['its first page zeroed', writeAt(0, Buffer.alloc(pageSize))],
    ['its second page zeroed', writeAt(pageSize, Buffer.alloc(pageSize))],
    ['a text in its place', (file, size) => file.write(Buffer.alloc(size, 'text'), 0, size, 0)],
    ['another page size', writeAt(48, Buffer.from([0, 0, 1, 0]))],
    ['a huge map', writeAt(40, Buffer.alloc(8, 0x7f))],
    ['another version', writeAt(28, Buffer.from([9]))],
    [
      'all but its metadata zeroed',
      (file, size) => file.write(Buffer.alloc(size - 8192), 0, size - 8192, 8192),
    ],
  ])('is moved aside with one line: %s', async (what, change) => {
    const copy = await damagedCopy(what, change);
    const damaged = await readFile(join(copy, 'index', 'data.mdb'));
    const problems = await problemsOf(copy);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^the index is damaged \(.+\) and is now in .+index\.damaged,/);
    expect(await readFile(join(copy, 'index.damaged', 'data.mdb'))).toEqualBytes(damaged);
    expect(await problemsOf(copy)).toEqual([]);
  });

  test('may be a folder', async () => {
    const copy = join(folder, 'a folder');
    await mkdir(join(copy, 'index', 'data.mdb'), { recursive: true });
    expect(await problemsOf(copy)).toEqual([expect.stringContaining('a folder is in its place')]);
  });

  test('never ends the process: 200 times random damage', async () => {
    let found = 0;
    for (let seed = 0; seed < 200; seed++) {
      const copy = await damagedCopy(`seed ${seed}`, async (file, size) => {
        const pages = size / pageSize;
        for (let left = 1 + below(seed % 3 === 0 ? 1 : 10); left > 0; left--) {
          const page = below(pages) * pageSize;
          const [length, at] = [
            [pageSize, page],
            [24, page],
            [1 + below(60), page + 24 + below(pageSize - 100)],
            [1, below(size)],
          ][seed % 4] as [number, number];
          const bytes = seed % 5 === 4 ? Buffer.alloc(length) : randomBytes(length);
          await file.write(bytes, 0, length, at);
        }
      });
      found += (await problemsOf(copy)).length;
      await rm(copy, { recursive: true });
    }
    expect(found).toBeGreaterThan(100);
  }, 120_000);
});
