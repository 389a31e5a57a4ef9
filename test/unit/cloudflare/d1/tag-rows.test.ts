import { expect, test } from 'vitest';
import { readGone, readTag, tagValues } from '../../../../functions/cloudflare/d1/tag-rows.ts';
import { mediaType } from '../../../../functions/core/oci/media-type.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const [digest, before] = [madeDigest('now'), madeDigest('before')];
const record = {
  digest,
  mediaType: mediaType.ociManifest,
  size: 7,
  firstSeen: 1,
  changed: 2,
  checked: 3,
  history: [{ digest: before, until: 2 }],
} as never;
const history = JSON.stringify([{ digest: before, until: 2 }]);
const columns = [digest, mediaType.ociManifest, 7, 1, 2, 3, history];
const row = {
  digest,
  mediaType: mediaType.ociManifest,
  size: 7,
  firstSeen: 1,
  changed: 2,
  checked: 3,
  history,
};

test.each([
  ['without a refusal', undefined, null, null],
  ['with a refusal', { since: 9, isConfirmed: false }, 9, null],
  ['with a confirmed refusal', { since: 9, isConfirmed: true }, 9, 9],
])('a tag %s is the same after it was stored', (_, refusal, refusedSince, goneSince) => {
  const full = { ...(record as object), ...(refusal && { refusal }) } as never;
  expect(tagValues(full)).toEqual([...columns, refusedSince, goneSince]);
  expect(readTag({ ...row, refusedSince, goneSince })).toEqual(full);
});

test('a media type that no browser may get is not read', () => {
  const stored = { ...row, mediaType: 'text/html', refusedSince: null, goneSince: null };
  expect(readTag(stored).mediaType).toBe('');
});

test('a gone tag has its repository', () => {
  const gone = { repository: 'ghcr.io/a/b', tag: '1', digest, since: 5 };
  expect(readGone(gone as never)).toMatchObject({
    tag: '1',
    repository: { registry: 'ghcr.io', name: 'a/b' },
  });
});
