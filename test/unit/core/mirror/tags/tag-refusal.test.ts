import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { createMemory, refusalLife } from '../../../../../functions/core/mirror/memory.ts';
import type { CheckedTag } from '../../../../../functions/core/mirror/tags/checked-tag.ts';
import { confirmationDelay } from '../../../../../functions/core/mirror/tags/tag-record.ts';
import {
  isConfirmable,
  recordRefusal,
} from '../../../../../functions/core/mirror/tags/tag-refusal.ts';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import type { TagRecord, TagRefusal } from '../../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const absent = { kind: 'absent' } as const;
const key = 'docker.io/library/app:1';
const began = Date.UTC(2026, 0, 1);

let now: number;
let events: MirrorEvent[];
let written: TagRecord[];
let stored: TagRecord | undefined;

beforeEach(() => {
  now = began;
  events = [];
  written = [];
  stored = undefined;
});

function contextOf() {
  const runtime = { now: () => now, observe: (event: MirrorEvent) => events.push(event) };
  const putTag = async (_: unknown, __: unknown, record: TagRecord) => {
    written.push(record);
    return undefined;
  };
  const manifests = { getTag: async () => stored, putTag };
  const memory = createMemory(1000, () => now);
  const attempt = { manifests: { putTag: async () => 'busy' } };
  return { runtime, memory, manifests, attempt } as unknown as Context;
}

function recordOf(refusal?: TagRefusal): TagRecord {
  const about = { digest: madeDigest('image'), mediaType: '', size: 5 };
  const record = { ...about, firstSeen: 1, changed: 1, checked: 1, history: [] };
  return refusal === undefined ? record : { ...record, refusal };
}

function checkedOf(known: TagRecord | undefined): CheckedTag {
  const repository = { registry: 'docker.io', name: 'library/app' };
  const source = { repository, key: 'docker.io/library/app' };
  return { source, tag: '1', key, known, othersWait: true } as unknown as CheckedTag;
}

const refuse = (known: TagRecord | undefined, isByGet: boolean, context = contextOf()) =>
  recordRefusal(context, checkedOf(known), absent, isByGet);

const since = (age: number, isConfirmed = false) => recordOf({ since: began - age, isConfirmed });

test.each([
  ['a tag that was never mirrored', undefined, false],
  ['a tag that is not refused', recordOf(), false],
  ['a refusal of less than ten minutes', since(confirmationDelay - 1), false],
  ['a refusal of ten minutes', since(confirmationDelay), true],
  ['a refusal that is confirmed already', since(confirmationDelay, true), false],
])('%s can be confirmed by a GET, or not', (_, known, can) => {
  expect(isConfirmable(contextOf(), known)).toBe(can);
});

test('a refusal is remembered for a while, and written only for a known tag', async () => {
  const context = contextOf();
  expect(await refuse(undefined, true, context)).toBe(absent);
  expect(context.memory.refusals.get(key)).toBe(absent);
  now += refusalLife;
  expect(context.memory.refusals.get(key)).toBeUndefined();
  expect(written).toEqual([]);
});

test.each([true, false])(
  'the first refusal is recorded, not confirmed (by GET: %s)',
  async (by) => {
    expect(await refuse(recordOf(), by)).toBe(absent);
    expect(written).toEqual([recordOf({ since: began, isConfirmed: false })]);
    expect(events).toEqual([]);
  },
);

test.each([
  ['too early', confirmationDelay - 1, true],
  ['by HEAD', confirmationDelay, false],
])('a later refusal that comes %s changes nothing', async (_, age, isByGet) => {
  await refuse(since(age), isByGet);
  expect([written, events]).toEqual([[], []]);
});

test('a GET after ten minutes confirms that the tag is gone, since the first refusal', async () => {
  await refuse(since(confirmationDelay), true);
  const refusal = { since: began - confirmationDelay, isConfirmed: true };
  expect(written).toEqual([recordOf(refusal)]);
  expect(events).toEqual([
    {
      kind: 'gone-upstream',
      registry: 'docker.io',
      repository: 'docker.io/library/app',
      tag: '1',
      digest: madeDigest('image'),
      since: '2025-12-31T23:50:00.000Z',
    },
  ]);
});

test.each([
  ['once by all instances', since(1, true), 0],
  ['if the others only saw a refusal', since(1), 1],
])('a tag that is gone is reported %s', async (_, other, count) => {
  stored = other;
  await refuse(since(confirmationDelay), true);
  expect(events).toHaveLength(count);
  expect(written).toHaveLength(1);
});

test('a refusal of the future begins again: the clock was set back', async () => {
  await refuse(since(-1), false);
  expect(written).toEqual([recordOf({ since: began, isConfirmed: false })]);
});

test('a refusal that was confirmed is not written again, except in its older form', async () => {
  await refuse(since(5, true), true);
  expect(written).toEqual([]);
  const { digest } = recordOf();
  const older = { ...recordOf(), history: [{ digest, until: 1 }] };
  const context = contextOf();
  const checked = { ...checkedOf(older), othersWait: false };
  await recordRefusal(context, checked, absent, true);
  expect(written).toEqual([{ ...older, refusal: { since: 1, isConfirmed: true } }]);
  expect(events).toEqual([]);
});
