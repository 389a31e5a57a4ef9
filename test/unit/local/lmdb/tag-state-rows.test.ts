import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditLife } from '../../../../functions/core/ports/audit-log.ts';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import { runLife, type TagState } from '../../../../functions/core/ports/tag-states.ts';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';
import { LmdbManifestStore } from '../../../../functions/local/lmdb/manifest-store.ts';
import {
  dropOldStates,
  getTagState,
  listAuditEntries,
  putAuditEntry,
  putTagState,
} from '../../../../functions/local/lmdb/tag-state-rows.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const repository = 'docker.io/library/app';
const start = Date.UTC(2026, 0, 1);

let folder: string;
let index: IndexDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-states-'));
  index = openIndexDatabase(folder);
});
afterEach(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

test('a state is dropped a year after its last write, unless a decision has not ended', async () => {
  const order = { digest: madeDigest('frozen'), by: 'ann', why: 'because', since: start };
  const states: Record<string, TagState> = {
    plain: emptyTagState,
    frozen: { ...emptyTagState, frozen: order },
    ended: { ...emptyTagState, frozen: { ...order, until: start + 1 } },
  };
  await index.write(() => {
    for (const [tag, state] of Object.entries(states)) {
      putTagState(index, [repository, tag], state, undefined, start);
    }
  });
  const left = () => Object.keys(states).filter((tag) => getTagState(index, repository, tag));
  await dropOldStates(index, start + runLife);
  expect(left()).toEqual(['plain', 'frozen', 'ended']);
  await dropOldStates(index, start + runLife + 1);
  expect(left()).toEqual(['frozen']);
});

test('a state of a later version is read as newer and is not dropped', async () => {
  const row = { text: '{"version":2,"runs":{}}', revision: 7, written: start };
  await index.write(() => void index.tagStates.put([repository, '3'], row));
  await dropOldStates(index, start + 2 * runLife);
  const read = getTagState(index, repository, '3');
  expect(read).toEqual({ state: emptyTagState, revision: 7, isNewer: true });
});

test('decisions that are too old are dropped with the next one', async () => {
  const entry = {
    action: 'freeze',
    by: 'ann',
    why: 'because',
    repository,
    tag: '3',
    digest: madeDigest('frozen'),
    until: undefined,
  } as const;
  const now = start + auditLife + 1;
  await index.write(() => putAuditEntry(index, { ...entry, at: start }, start));
  await index.write(() => putAuditEntry(index, { ...entry, at: now }, now));
  const { entries } = listAuditEntries(index, { limit: 10, before: undefined });
  expect(entries.map(({ at }) => at)).toEqual([now]);
});

test('a tag with a state keeps the row that the previous version writes and reads', async () => {
  const store = new LmdbManifestStore(index, { now: () => start });
  const name = { registry: 'docker.io', name: 'library/app' };
  const row = {
    ...{ digest: madeDigest('one'), mediaType: 'application/vnd.oci.image.index.v1+json', size: 1 },
    ...{ firstSeen: 1, changed: 2, checked: 3 },
    history: [{ digest: madeDigest('zero'), until: 2 }],
  };
  await store.putTag(name, '3', row);
  await store.putTagState(name, '3', emptyTagState, undefined);
  expect(index.tags.get([repository, '3'])).toEqual(row);
  await index.write(() => void index.tags.put([repository, '4'], row));
  expect(await store.getTag(name, '4')).toEqual(row);
  await store.stop();
});
