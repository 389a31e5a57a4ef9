import { expect, test } from 'vitest';
import { entityTag } from '../../../../functions/core/headers/conditional.ts';
import { answerManifest } from '../../../../functions/core/registry/manifests.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('manifest');
const bytes = new Uint8Array(8);
const found = {
  kind: 'found',
  digest,
  mediaType: 'a/b',
  size: 8,
  bytes,
  provenance: { kind: 'miss' },
};

function ask(
  text: string,
  {
    headers = {} as Record<string, string>,
    method = 'GET',
    outcome = found as object,
    query = '',
  } = {},
) {
  const asked: unknown[][] = [];
  const request = {
    raw: { header: (name: string) => headers[name] },
    method,
    ns: undefined,
    form: 'root',
    registryForm: 'none',
    query,
    policy: { tagTtl: 60_000, asOf: !query.includes('off') },
    repository: { registry: 'docker.io', name: 'library/app' },
    mirrored: {
      upstreamCalls: 0,
      async resolveManifest(...given: unknown[]) {
        asked.push(given);
        return outcome;
      },
    },
  };
  return { asked, answer: answerManifest(request as never, text) };
}

test('a tag lasts as long as the policy says, and a digest for ever', async () => {
  const byTag = await ask('1').answer;
  expect(byTag).toMatchObject({
    status: 200,
    body: bytes,
    headers: {
      'content-type': 'a/b',
      'content-length': '8',
      'docker-content-digest': digest,
      'cache-control': 'public, max-age=60, no-transform',
    },
  });
  const byDigest = await ask(digest).answer;
  expect(byDigest.headers['cache-control']).toContain('immutable');
});

test.each([
  ['1', 'no-cache', true],
  ['1', 'max-age=0', false],
  ['1', undefined, false],
  [digest, 'no-cache', false],
])('%s with Cache-Control %s must be confirmed: %s', async (text, control, must) => {
  const headers: Record<string, string> = control === undefined ? {} : { 'cache-control': control };
  const { asked, answer } = ask(text, { headers });
  await answer;
  expect(asked[0]?.slice(1)).toEqual(['GET', must]);
});

test('a client that has the manifest gets no body', async () => {
  const headers = { 'if-none-match': entityTag(digest) };
  const answer = await ask('1', { headers }).answer;
  expect(answer).toMatchObject({ status: 304, body: undefined });
  expect(answer.headers).not.toHaveProperty('content-type');
});

test('HEAD needs no bytes, and GET does', async () => {
  const outcome = { ...found, bytes: undefined };
  const head = await ask('1', { method: 'HEAD', outcome }).answer;
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': '8' }, body: undefined });
  await expect(ask('1', { outcome }).answer).rejects.toThrow('a GET found no manifest bytes');
});

test('a tag that cannot exist is unknown, and a malformed digest a bad request', async () => {
  const tag = ask('.no-tag');
  expect(await tag.answer).toMatchObject({
    status: 404,
    note: { reason: 'invalid tag ".no-tag"' },
  });
  expect(tag.asked).toEqual([]);
  expect((await ask('sha256:short').answer).status).toBe(400);
});

test('what cannot be had is refused', async () => {
  expect((await ask('1', { outcome: { kind: 'absent' } }).answer).status).toBe(404);
});

test.each([
  ['1', 'as-of=20261101', { kind: 'tag', tag: '1--as-of-20261101' }],
  ['1', 'ns=docker.io&as-of=20261101T0930', { kind: 'tag', tag: '1--as-of-20261101T0930' }],
  ['a'.repeat(128), 'as-of=20261101', { kind: 'tag', tag: `${'a'.repeat(128)}--as-of-20261101` }],
  ['1', 'was-as-of=20261101', { kind: 'tag', tag: '1' }],
  [digest, 'as-of=20261101', { kind: 'digest', digest }],
])('%s with ?%s is another reference', async (text, query, reference) => {
  const { asked, answer } = ask(text, { query });
  expect((await answer).status).toBe(200);
  expect(asked[0]?.[0]).toEqual(reference);
});

test.each([
  ['as-of=yesterday', 'a date such as 20261101'],
  ['as-of=', 'a date such as 20261101'],
  ['as-of=20261101&off', 'dates need "asOf": true'],
])('a date is refused with ?%s', async (query, reason) => {
  const { asked, answer } = ask('1', { query });
  expect(await answer).toMatchObject({
    status: 400,
    note: { reason: expect.stringContaining(reason) },
  });
  expect(asked).toEqual([]);
});
