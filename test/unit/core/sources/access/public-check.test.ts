import { beforeEach, expect, test } from 'vitest';
import type { RemoteRepository, Upstream } from '../../../../../functions/core/ports/upstream.ts';
import {
  type Asked,
  askedKey,
  checkPublic,
} from '../../../../../functions/core/sources/access/public-check.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('content');
const remote = { name: 'library/app' } as RemoteRepository;
const manifest: Asked = { kind: 'manifest', reference: { kind: 'tag', tag: '1' } };
const referrers: Asked = { kind: 'referrers', subject: digest };

let calls: string[];

beforeEach(() => {
  calls = [];
});

/** A registry that answers anonymous clients so. */
function verdictOf(asked: Asked, [first, second = 'found']: string[], mayImport?: () => boolean) {
  const answer = (call: string, kind: string | undefined) => async (_: object, about?: object) => {
    calls.push(`${call} ${JSON.stringify(about)}`);
    return { kind, tags: second === 'found' ? ['1'] : [] };
  };
  const upstream = {
    headManifest: answer('HEAD', first),
    getManifest: answer('GET', second),
    headBlob: answer('blob', first),
    listTags: answer('tags', first),
  } as unknown as Upstream;
  return checkPublic(upstream, remote, asked, mayImport);
}

test.each([
  ['found', 'public'],
  ['absent', 'absent'],
  ['denied', 'denied'],
])('a manifest whose HEAD is %s makes its repository %s', async (kind, verdict) => {
  expect(await verdictOf(manifest, [kind])).toBe(verdict);
  expect(await verdictOf(referrers, [kind])).toBe(verdict);
  expect(calls).toEqual([
    'HEAD {"kind":"tag","tag":"1"}',
    `HEAD {"kind":"digest","digest":"${digest}"}`,
  ]);
});

test.each([
  ['found', 'public'],
  ['absent', 'absent'],
  ['denied', 'denied'],
])('a registry without HEAD is asked by GET: %s', async (kind, verdict) => {
  expect(await verdictOf(manifest, ['unsupported', kind])).toBe(verdict);
  expect(calls).toHaveLength(2);
});

test('an absent manifest is imported by GET only if that is allowed', async () => {
  expect(await verdictOf(manifest, ['absent', 'found'], () => false)).toBe('absent');
  expect(await verdictOf(manifest, ['absent', 'found'], () => true)).toBe('public');
  expect(await verdictOf(manifest, ['denied', 'found'], () => true)).toBe('denied');
  expect(await verdictOf(referrers, ['absent', 'found'], () => true)).toBe('public');
});

test.each([
  ['found', 'open'],
  ['absent', 'absent'],
  ['denied', 'denied'],
])('a blob that is %s says that it is %s, and nothing of its repository', async (kind, verdict) => {
  expect(await verdictOf({ kind: 'blob', digest }, [kind])).toBe(verdict);
});

test.each([
  [['found', 'found'], 'open'],
  [['found', 'none'], 'absent'],
  [['denied', 'found'], 'denied'],
])('a list of tags that is %j says %s', async (kinds, verdict) => {
  expect(await verdictOf({ kind: 'tags' }, kinds)).toBe(verdict);
});

test('what was asked for has a key of its own', () => {
  const asked: Asked[] = [manifest, referrers, { kind: 'blob', digest }, { kind: 'tags' }];
  expect(asked.map(askedKey)).toEqual(['1', digest, `blob ${digest}`, '/tags']);
});
