import { expect, test } from 'vitest';
import { d1PublicRepositories } from '../../../../functions/cloudflare/d1/public-repositories.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { publicLife } from '../../../../functions/core/ports/public-repositories.ts';
import { scriptedDatabase } from './scripted-database.ts';

const now = 10 * publicLife;
const app = { registry: 'docker.io', name: 'library/app' };
const key = 'docker.io/library/app';

test('what was seen within a week is listed, and older rows are removed with each put', async () => {
  const { database, ran, batches } = scriptedDatabase(() => [{ key, seen: 5 }]);
  const known = d1PublicRepositories(database, () => now);
  expect(await known.getPublic([app])).toEqual([{ key, seen: 5 }]);
  await known.putPublic(app, 7);
  await known.removePublic(app);
  expect(ran).toEqual([
    { text: statements.getPublic, values: [`["${key}"]`, now - publicLife] },
    { text: statements.putPublic, values: [key, 7] },
    { text: statements.removeOldPublic, values: [now - publicLife] },
    { text: statements.removePublic, values: [key] },
  ]);
  expect(batches).toEqual([2]);
});

test('a D1 that is overloaded is busy', async () => {
  const { database } = scriptedDatabase(() => {
    throw new Error('D1 DB is overloaded');
  });
  const known = d1PublicRepositories(database, () => now);
  await expect(known.getPublic([app])).rejects.toBeInstanceOf(StoreBusy);
  await expect(known.putPublic(app, 7)).rejects.toBeInstanceOf(StoreBusy);
  await expect(known.removePublic(app)).rejects.toBeInstanceOf(StoreBusy);
});
