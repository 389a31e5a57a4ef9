import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageOf } from '../../../../functions/core/oci/page.ts';
import { registryRange, repositoryKey } from '../../../../functions/core/oci/repository.ts';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';
import { under } from '../../../../functions/local/lmdb/manifest-rows.ts';
import { LmdbManifestStore } from '../../../../functions/local/lmdb/manifest-store.ts';
import { imageOf, madeDigest } from '../../../contract/made-content.ts';

const component = fc.stringMatching(/^[a-z0-9]{1,3}((\.|_|__|-{1,2})[a-z0-9]{1,2})?$/);
const repositoryName = fc
  .array(component, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const registry = fc.constantFrom('docker.io', 'docker.io:5000', 'docker', 'ghcr.io', '[::1]:5000');
const repository = fc.record({ registry, name: repositoryName });
const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,6}$/);

let folder: string;
let index: IndexDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-keys-'));
  index = openIndexDatabase(folder);
});
afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

const runs = { numRuns: 40 };

describe('keys of the index', () => {
  test('the rows of a repository are its own, in the order of code units', async () => {
    const rows = fc.uniqueArray(fc.tuple(repository.map(repositoryKey), tag), {
      minLength: 1,
      maxLength: 40,
      selector: (row) => row.join(' '),
    });
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        await index.referrers.clearAsync();
        const list = { manifests: [], checked: 0 };
        await index.write(() => {
          for (const row of all) void index.referrers.put(row, list);
        });
        for (const [key] of all) {
          const expected = all.filter((row) => row[0] === key).map((row) => row[1]);
          const found = Array.from(index.referrers.getKeys(under(key)), (row) => row[1]);
          expect(found).toEqual(expected.sort());
        }
        const order = Array.from(index.referrers.getKeys({}), ([key]) => key);
        expect(order).toEqual(all.map((row) => row[0]).sort());
      }),
      runs,
    );
  });

  test('the repositories of a registry are exactly those in its range', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(repository.map(repositoryKey)), async (all) => {
        await index.catalogue.clearAsync();
        await index.write(() => {
          for (const key of all) void index.catalogue.put(key, 1);
        });
        for (const name of ['docker.io', 'docker.io:5000', 'docker', '[::1]:5000']) {
          const expected = all.filter((key) => key.startsWith(`${name}/`)).sort();
          expect(Array.from(index.catalogue.getKeys(registryRange(name)))).toEqual(expected);
        }
      }),
      runs,
    );
  });

  test('a page is what the core would cut out of the whole list, after any text', async () => {
    const store = new LmdbManifestStore(index, { now: () => 0 });
    const last = fc.oneof(
      fc.constant(undefined),
      tag,
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', minLength: 190, maxLength: 2100, size: 'max' }),
    );
    const limit = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
    const record = { ...imageOf('x', []).manifest, size: 1, firstSeen: 1, changed: 1, checked: 1 };
    const one = { registry: 'docker.io', name: 'library/app' };
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(tag, { maxLength: 10 }), last, limit, async (tags, ...to) => {
        await index.tags.clearAsync();
        const { bytes: _, ...stored } = { ...record, digest: madeDigest('x'), history: [] };
        await index.write(() => {
          for (const name of tags) void index.tags.put([repositoryKey(one), name], stored);
        });
        const request = { last: to[0], limit: to[1] };
        expect(await store.listTags(one, request)).toEqual(pageOf(tags.sort(), request));
      }),
      { numRuns: 150 },
    );
  });
});
