import { expect, it } from 'vitest';
import { publicLife } from '../../../functions/core/ports/public-repositories.ts';
import { MemoryPublicRepositories } from '../../../functions/memory/public-repositories.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const other = { registry: 'ghcr.io', name: 'library/app' };

it('remembers when a repository was seen to be public, for a week from then on', async () => {
  let now = 1_000_000;
  const known = new MemoryPublicRepositories(() => now);
  await known.putPublic(repository, now - 1000);
  const seen = { key: 'docker.io/library/app', seen: now - 1000 };
  expect(await known.getPublic([repository, other])).toEqual([seen]);
  now += publicLife - 1001;
  expect(await known.getPublic([repository])).toEqual([seen]);
  now += 1;
  expect(await known.getPublic([repository])).toEqual([]);
});

it('forgets a repository that is not public any more, and no other', async () => {
  const known = new MemoryPublicRepositories(() => 0);
  await known.putPublic(repository, 0);
  await known.putPublic(other, 0);
  await known.removePublic(repository);
  expect(await known.getPublic([repository, other])).toEqual([
    { key: 'ghcr.io/library/app', seen: 0 },
  ]);
});
