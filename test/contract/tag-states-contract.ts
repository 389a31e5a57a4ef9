import { describe, expect, test } from 'vitest';
import type { Repository } from '../../functions/core/oci/repository.ts';
import type { AuditEntry } from '../../functions/core/ports/audit-log.ts';
import type { ManifestStore } from '../../functions/core/ports/manifest-store.ts';
import { emptyTagState } from '../../functions/core/ports/tag-state-text.ts';
import { mostRuns, type TagState } from '../../functions/core/ports/tag-states.ts';
import { imageOf, madeDigest } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';

const alpine: Repository = { registry: 'docker.io', name: 'library/alpine' };
const nested: Repository = { registry: 'docker.io', name: 'library/alpine/git' };
const ann = { by: 'ann', why: 'it "breaks" builds – sometimes', since: 5 };

const full: TagState = {
  runs: Array.from({ length: mostRuns + 1 }, (_, at) => ({
    digest: madeDigest(`run ${at}`),
    first: 1_000_000 - at * 10,
    last: 1_000_005 - at * 10,
    seenBy: at % 2 === 0 ? 'pull' : 'refresh',
    ...(at % 3 === 0 && { pushed: at - 7 }),
  })),
  frozen: { digest: madeDigest('frozen'), ...ann, until: 99 },
  rolledBack: { digest: madeDigest('back'), ...ann, until: undefined },
  ruleFreeze: { rule: 'library/**', digest: madeDigest('rule'), since: 3 },
  bypassed: [{ digest: madeDigest('passed'), ...ann, until: undefined }],
  pinned: { ...ann, until: undefined },
};

/** Executes the contract of TagStates. */
export function describeTagStates(opened: () => OpenedPort<ManifestStore>): void {
  describe('states of tags', () => {
    const store = () => opened().store;

    test('a state is read as it was written, by its own tag only, and by another instance', async () => {
      expect(await store().getTagState(alpine, '3')).toBeUndefined();
      expect(await store().putTagState(alpine, '3', full, undefined)).toBe(true);
      const again = await opened().reopen();
      const { state, revision, isNewer } = (await again.getTagState(alpine, '3')) ?? {};
      expect(state).toEqual(full);
      expect(revision).toBe(1);
      expect(isNewer).toBe(false);
      expect(await again.getTagState(alpine, '3.9')).toBeUndefined();
      expect(await again.getTagState(nested, '3')).toBeUndefined();
    });

    test('a write needs the revision that is stored', async () => {
      expect(await store().putTagState(alpine, '3', full, 1)).toBe(false);
      expect(await store().putTagState(alpine, '3', emptyTagState, undefined)).toBe(true);
      expect(await store().putTagState(alpine, '3', full, undefined)).toBe(false);
      expect(await store().putTagState(alpine, '3', full, 1)).toBe(true);
      expect(await store().putTagState(alpine, '3', emptyTagState, 1)).toBe(false);
      const stored = await store().getTagState(alpine, '3');
      expect(stored?.revision).toBe(2);
      expect(stored?.state.frozen).toEqual(full.frozen);
    });

    test('of writes at the same moment one is done', async () => {
      await store().putTagState(alpine, '3', emptyTagState, undefined);
      const states = Array.from({ length: 8 }, (_, at) => ({
        ...full,
        pinned: { ...ann, why: `reason ${at}` },
      }));
      const done = await Promise.all(
        states.map((state) => store().putTagState(alpine, '3', state, 1)),
      );
      expect(done.filter((one) => one)).toHaveLength(1);
      const stored = await store().getTagState(alpine, '3');
      expect(stored?.revision).toBe(2);
      expect(stored?.state.pinned?.why).toBe(`reason ${done.indexOf(true)}`);
    });

    test('a state of a later version is marked, and what it holds is not guessed', async () => {
      const later = { ...full, version: 2 };
      await store().putTagState(alpine, '3', later, undefined);
      const expected = { state: emptyTagState, revision: 1, isNewer: true };
      const again = await opened().reopen();
      expect(await again.getTagState(alpine, '3')).toEqual(expected);
      expect(await again.listTagStates(alpine)).toEqual([{ tag: '3', ...expected }]);
    });

    test('they are listed by repository, in the order of the tags', async () => {
      for (const tag of ['latest', '3.10', '3.9', 'V1']) {
        await store().putTagState(alpine, tag, emptyTagState, undefined);
      }
      await store().putTagState(nested, 'other', emptyTagState, undefined);
      const listed = await store().listTagStates(alpine);
      expect(listed.map(({ tag }) => tag)).toEqual(['3.10', '3.9', 'V1', 'latest']);
      expect(
        (await store().listTags(alpine, { limit: undefined, last: undefined })).entries,
      ).toEqual([]);
    });
  });

  test('the least recently pulled are listed on from one of them, of the same moment too', async () => {
    const { store } = opened();
    const images = ['one', 'two', 'three', 'four', 'five'].map((name) => imageOf(name, [name]));
    for (const [at, { manifest, contents }] of images.entries()) {
      await store.putManifest(at % 2 === 0 ? alpine : nested, manifest, contents, at < 3 ? 7 : 8);
    }
    const all = await store.leastRecentlyPulled(10);
    expect(all.map(({ pulled }) => pulled)).toEqual([7, 7, 7, 8, 8]);
    for (const [at, one] of all.entries()) {
      expect(await store.leastRecentlyPulled(10, one)).toEqual(all.slice(at + 1));
      expect(await store.leastRecentlyPulled(1, one)).toEqual(all.slice(at + 1, at + 2));
    }
    const [first, second] = all;
    if (first === undefined) throw new Error('there are five');
    await store.removeManifest(first.repository, first.digest);
    expect(await store.leastRecentlyPulled(1, first)).toEqual([second]);
  });
}

function entry(differences: Partial<AuditEntry>): AuditEntry {
  return {
    at: 10,
    action: 'freeze',
    by: 'ann',
    why: 'because',
    repository: 'docker.io/library/alpine',
    tag: '3',
    digest: madeDigest('frozen'),
    until: 20,
    ...differences,
  };
}

/** Executes the contract of AuditLog. */
export function describeAuditLog(opened: () => OpenedPort<ManifestStore>): void {
  describe('decisions of people', () => {
    test('they are listed newest first, page by page, by another instance', async () => {
      const now = Date.now();
      const { store } = opened();
      for (const at of [3, 1, 2, 5, 4]) await store.putAuditEntry(entry({ at: now + at }));
      const thawed = entry({ at: now + 6, action: 'thaw', digest: undefined, until: undefined });
      await store.putAuditEntry(thawed);
      const again = await opened().reopen();
      const first = await again.listAuditEntries({ limit: 2, before: undefined });
      expect(first.entries).toEqual([thawed, entry({ at: now + 5 })]);
      const second = await again.listAuditEntries({ limit: 2, before: first.next });
      expect(second.entries.map(({ at }) => at - now)).toEqual([4, 3]);
      const third = await again.listAuditEntries({ limit: 2, before: second.next });
      expect(third.entries.map(({ at }) => at - now)).toEqual([2, 1]);
      expect(third.next).toBeUndefined();
    });

    test('of the same moment both are kept', async () => {
      const { store } = opened();
      const at = Date.now();
      for (const tag of ['a', 'b', 'c']) await store.putAuditEntry(entry({ at, tag }));
      const tags: string[] = [];
      let before: string | undefined;
      do {
        const page = await store.listAuditEntries({ limit: 1, before });
        for (const one of page.entries) tags.push(one.tag);
        before = page.next;
      } while (before !== undefined);
      expect(tags.sort()).toEqual(['a', 'b', 'c']);
    });
  });
}
