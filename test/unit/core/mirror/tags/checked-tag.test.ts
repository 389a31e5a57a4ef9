import { expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import {
  type CheckedTag,
  putRecord,
} from '../../../../../functions/core/mirror/tags/checked-tag.ts';
import type { TagRecord } from '../../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const record = { digest: madeDigest('image'), checked: 1, history: [] } as unknown as TagRecord;

test.each([
  ['once if nothing waits for it', false, 5, ['put']],
  ['until it is taken if other instances wait', true, 2, ['try', 'try', 'try']],
  ['three times at most', true, 5, ['try', 'try', 'try']],
])('a record is kept in memory and written %s', async (_, othersWait, busyTimes, expected) => {
  const calls: string[] = [];
  let busy = busyTimes;
  const attempted = async () => {
    calls.push('try');
    return busy-- > 0 ? 'busy' : undefined;
  };
  const memory = createMemory(1000, () => 0);
  const context = {
    memory,
    manifests: { putTag: async () => void calls.push('put') },
    attempt: { manifests: { putTag: attempted } },
    runtime: { sleep: async () => undefined, random: () => 0.5, observe: () => undefined },
  } as unknown as Context;
  const checked = { source: { repository }, tag: '1', key: 'app:1', othersWait };
  await putRecord(context, checked as unknown as CheckedTag, record);
  expect(calls).toEqual(expected);
  expect(memory.tags.get('app:1')).toBe(record);
  expect(memory.taggedDigests.get(`docker.io/library/app@${record.digest}`)).toBe('1');
});
