import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';
import { runWithSmallFiles } from '../files/small-files.ts';

let folder: string;
let index: IndexDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-index-'));
  index = openIndexDatabase(folder);
});
afterEach(async () => {
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

test('a step that throws writes nothing, and those beside it are written', async () => {
  const steps = [
    index.write(() => void index.catalogue.put('before', 1)),
    index.write(() => {
      void index.catalogue.put('broken', 1);
      void index.tagLists.put('broken', { tags: [], checked: 1 });
      throw new Error('half way');
    }),
    index.write(() => void index.catalogue.put('after', 1)),
  ];
  const outcomes = await Promise.allSettled(steps);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([...index.catalogue.getKeys({})]).toEqual(['after', 'before']);
  expect(index.tagLists.get('broken')).toBeUndefined();
});

test('values are plain JSON and plain bytes', async () => {
  await index.tagLists.put('docker.io/library/app', { tags: ['é'], checked: 1 });
  await index.bytes.put('sha256:1', Buffer.from([0, 255]));
  const json = index.tagLists.getBinary('docker.io/library/app');
  expect(json?.toString('utf8')).toBe('{"tags":["é"],"checked":1}');
  expect(index.bytes.getBinary('sha256:1')).toEqual(Buffer.from([0, 255]));
});

test('a full disk: a step rejects with the reason, and nothing rejects that nobody owns', async () => {
  const child = new URL('./full-index-child.ts', import.meta.url);
  const said = await runWithSmallFiles(child, join(folder, 'full'));
  expect(said).toEqual({ refused: ['Error: Input/output error'], before: 1, uncaught: [] });
});
