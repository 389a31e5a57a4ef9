import { expect, test } from 'vitest';
import { Access } from '../../../../../functions/core/sources/access/access.ts';

const now = Date.UTC(2026, 0, 1);
const repository = { registry: 'docker.io', name: 'team/app' };
const key = 'docker.io/team/app';
const rules = { grants: [], anonymous: undefined };

/** What an index that answers so makes of a repository: whether it is public, and listed. */
async function judged(answer: object[] | undefined) {
  const asked: unknown[] = [];
  const index = {
    getPublic: async (repositories: unknown) => {
      asked.push(repositories);
      return answer;
    },
  };
  const runtime = { now: () => now, observe: () => undefined, waitUntil: () => undefined };
  const access = new Access({ index, runtime } as unknown as ConstructorParameters<
    typeof Access
  >[0]);
  await access.recall(repository);
  const isPublic = access.isPublic(repository);
  await access.recall(repository);
  const listed = await access.listable([key], () => rules, undefined);
  return { isPublic, listed, asked: asked.length };
}

test('a repository that another instance saw to be public is not asked for again', async () => {
  const answer = [{ key, seen: now }];
  expect(await judged(answer)).toEqual({ isPublic: true, listed: [key], asked: 1 + 1 });
});

test.each([
  ['that does not know it', []],
  ['that fails', undefined],
])('an index %s makes no repository public', async (_, answer) => {
  expect(await judged(answer)).toEqual({ isPublic: false, listed: [], asked: 3 });
});
