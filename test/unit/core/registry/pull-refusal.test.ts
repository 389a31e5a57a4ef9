import { beforeEach, expect, test } from 'vitest';
import {
  isLastEndpoint,
  PullRefusals,
  refuse,
} from '../../../../functions/core/registry/pull-refusal.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('manifest');
const client = { key: 'one', networks: [] };
const reason = { limit: 'pullsPerMinute', text: 'over the limit', reset: 30 } as const;

const request = (registryForm: string, name = 'library/app') =>
  ({
    ns: undefined,
    form: 'root',
    registryForm,
    repository: { registry: 'docker.io', name },
    mirrored: { upstreamCalls: 0 },
  }) as never;
const [last, other] = [request('after-v2'), request('ns')];

let now: number;
let refusals: PullRefusals;
beforeEach(() => {
  now = 1000;
  refusals = new PullRefusals(() => now);
});

test('a client that asks no other endpoint is one that names the registry after /v2', () => {
  expect([last, other].map(isLastEndpoint)).toEqual([true, false]);
});

test('a refusal says when to come back, if waiting helps', () => {
  expect(refuse(other, 'blob', 'x', reason)).toMatchObject({
    headers: { 'ratelimit-reset': '30', 'retry-after': '30' },
    note: { reason: 'over the limit', reference: 'x' },
  });
  const forever = refuse(other, 'blob', 'x', { ...reason, reset: undefined });
  expect(forever.headers).not.toHaveProperty('ratelimit-reset');
});

test('a manifest of an index that was served begins the pull again, elsewhere', () => {
  refusals.servedIndex(client, last);
  expect(refusals.reasonToLeave(client, last)).toBeUndefined();
  expect(refusals.refuse(client, last, digest, reason).status).toBe(424);
  expect(refusals.reasonToLeave(client, last)).toEqual(reason);
  expect(refusals.reasonToLeave({ ...client, key: 'two' }, last)).toBeUndefined();
  expect(refusals.reasonToLeave(client, request('after-v2', 'library/b'))).toBeUndefined();
  now += 60_000;
  expect(refusals.reasonToLeave(client, last)).toBeUndefined();
});

test.each([
  ['without an index', last, digest, false],
  ['of a tag', last, '1', true],
  ['to a client that can leave', other, digest, true],
])('a refusal %s begins nothing again', (_, one, text, hasIndex) => {
  if (hasIndex) refusals.servedIndex(client, one);
  expect(refusals.refuse(client, one, text, reason).status).not.toBe(424);
  expect(refusals.reasonToLeave(client, one)).toBeUndefined();
});

test('an index is remembered for a minute', () => {
  refusals.servedIndex(client, last);
  now += 60_000;
  expect(refusals.refuse(client, last, digest, reason).status).not.toBe(424);
});
