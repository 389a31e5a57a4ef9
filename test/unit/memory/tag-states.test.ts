import { expect, it } from 'vitest';
import { type AuditEntry, auditLife } from '../../../functions/core/ports/audit-log.ts';
import { emptyTagState } from '../../../functions/core/ports/tag-state-text.ts';
import type { TagState } from '../../../functions/core/ports/tag-states.ts';
import { MemoryAuditLog, MemoryTagStates } from '../../../functions/memory/tag-states.ts';
import { madeDigest } from '../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const digest = madeDigest('one');
const order = { digest, by: 'ann', why: 'because', since: 0 };
const moved: TagState = {
  ...emptyTagState,
  runs: [{ digest, first: 0, last: 1, seenBy: 'pull' }],
};

it('never drops a decision, however many tags move', async () => {
  const states = new MemoryTagStates(10_000, () => 5);
  const decided: Record<string, TagState> = {
    frozen: { ...moved, frozen: order },
    back: { ...moved, rolledBack: order },
    pinned: { ...moved, pinned: order },
    ruled: { ...moved, ruleFreeze: { rule: '**', digest, since: 0 } },
  };
  for (const [tag, state] of Object.entries(decided)) {
    await states.putTagState(repository, tag, state, undefined);
  }
  await states.putTagState(
    repository,
    'ended',
    { ...moved, frozen: { ...order, until: 5 } },
    undefined,
  );
  for (let at = 0; at < 200; at += 1) {
    await states.putTagState(repository, `moved-${at}`, moved, undefined);
  }
  for (const tag of Object.keys(decided)) {
    expect(await states.getTagState(repository, tag)).toMatchObject({ revision: 1 });
  }
  for (const tag of ['ended', 'moved-0']) {
    expect(await states.getTagState(repository, tag)).toBeUndefined();
  }
  const tags = (await states.listTagStates(repository)).map(({ tag }) => tag);
  expect(tags).toEqual(expect.arrayContaining(['back', 'frozen', 'moved-199', 'pinned', 'ruled']));
});

it('may drop a state after its last decision ended', async () => {
  const states = new MemoryTagStates(10_000, () => 5);
  await states.putTagState(repository, 'thawed', { ...moved, frozen: order }, undefined);
  await states.putTagState(repository, 'thawed', moved, 1);
  expect(await states.getTagState(repository, 'thawed')).toMatchObject({ revision: 2 });
  for (let at = 0; at < 200; at += 1) {
    await states.putTagState(repository, `moved-${at}`, moved, undefined);
  }
  expect(await states.getTagState(repository, 'thawed')).toBeUndefined();
});

it('keeps the decisions of people for their life', async () => {
  let now = 0;
  const log = new MemoryAuditLog(() => now);
  const entry = (at: number): AuditEntry => ({
    ...{ at, action: 'freeze', by: 'ann', why: 'because', digest, until: undefined },
    ...{ repository: 'docker.io/library/app', tag: '1' },
  });
  const times = async () => {
    const { entries } = await log.listAuditEntries({ limit: 10, before: undefined });
    return entries.map(({ at }) => at);
  };
  await log.putAuditEntry(entry(0));
  await log.putAuditEntry(entry(1));
  now = auditLife;
  await log.putAuditEntry(entry(now));
  expect(await times()).toEqual([now, 1, 0]);
  now += 1;
  await log.putAuditEntry(entry(now));
  expect(await times()).toEqual([now, now - 1, 1]);
});
