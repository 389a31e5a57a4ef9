import { beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { NotedRequests } from '../../../../functions/core/sources/noted-requests.ts';
import type { SourceHealth } from '../../../../functions/core/sources/source-health.ts';
import { ScriptedUpstream } from '../mirror/scripted-upstream.ts';

const name = 'library/app';
const tokenService = { host: 'auth.example', hasToken: true };

let noted: unknown[][];
let requests: NotedRequests;

beforeEach(() => {
  noted = [];
  const upstream = new ScriptedUpstream('docker.io');
  upstream.tokenServices.set(name, tokenService);
  const note =
    (kind: string) =>
    (...about: unknown[]) =>
      noted.push([kind, ...about]);
  const health = {
    success: note('success'),
    failure: note('failure'),
    blobArrives: note('blob arrives'),
  };
  requests = new NotedRequests(name, upstream, health as unknown as SourceHealth);
});

function aborted() {
  return { name, upstreamCalls: 0, signal: AbortSignal.abort() };
}

test.each([
  ['found', false],
  ['absent', false],
  ['denied', true],
])('an answer that is %s is a success', async (kind, isDenied) => {
  expect(await requests.send(async () => ({ kind }))).toEqual({ kind });
  expect(noted).toEqual([['success', name, tokenService, isDenied]]);
});

test('a failure is noted and thrown', async () => {
  const failure = new UpstreamError('limited', 'too many', { limit: 'abuse' });
  await expect(requests.send(() => Promise.reject(failure))).rejects.toBe(failure);
  expect(noted).toEqual([['failure', name, failure]]);
});

test('any error is a failure of the upstream, and names it', async () => {
  const cause = new TypeError('a bug');
  const failure = { kind: 'unavailable', message: 'the request to docker.io failed', cause };
  await expect(requests.send(() => Promise.reject(cause))).rejects.toMatchObject(failure);
  expect(noted).toMatchObject([['failure', name, failure]]);
});

test('a refused pull shows that the registry answers', async () => {
  const limit = new UpstreamError('limited', 'no pull is left', { limit: 'pulls' });
  await expect(requests.send(() => Promise.reject(limit))).rejects.toBe(limit);
  expect(noted).toEqual([['success', name, tokenService, false]]);
});

test('a request that was not sent says nothing', async () => {
  const unsent = new UpstreamError('limited', 'wait', { limit: 'pulls', isUnsent: true });
  await expect(requests.send(() => Promise.reject(unsent))).rejects.toBe(unsent);
  expect(noted).toEqual([]);
});

test('a cancelled request says nothing', async () => {
  const cause = new Error('aborted');
  const sent = requests.send(() => Promise.reject(cause), aborted());
  await expect(sent).rejects.toMatchObject({ kind: 'unavailable', cause });
  expect(noted).toEqual([]);
});

test('a failure of a request that is not cancelled is noted', async () => {
  const { signal } = new AbortController();
  const failure = new UpstreamError('timeout', 'silent');
  const sent = requests.send(() => Promise.reject(failure), { name, upstreamCalls: 0, signal });
  await expect(sent).rejects.toBe(failure);
  expect(noted).toEqual([['failure', name, failure]]);
});

const found = { kind: 'found', size: 1, body: {}, blobHost: 'cdn.example' } as never;
const arrival = ['blob arrives', name, 'cdn.example'];

test('a blob that is found arrives from its host', async () => {
  expect(await requests.open(async () => found)).toBe(found);
  expect(noted).toEqual([['success', name, tokenService, false], arrival]);
});

test('a blob that is absent does not arrive', async () => {
  await requests.open(async () => ({ kind: 'absent' }));
  expect(noted).toEqual([['success', name, tokenService, false]]);
});

test('a blob at the URL of a redirect says nothing about the registry', async () => {
  expect(await requests.openLocated(async () => found)).toBe(found);
  expect(noted).toEqual([arrival]);
});

test('a failure at the URL of a redirect is noted', async () => {
  const failure = new UpstreamError('unavailable', 'expired');
  await expect(requests.openLocated(() => Promise.reject(failure))).rejects.toBe(failure);
  expect(noted).toEqual([['failure', name, failure]]);
});

test('a cancelled request for a blob says nothing', async () => {
  await expect(requests.open(() => Promise.reject(new Error()), aborted())).rejects.toThrow();
  expect(noted).toEqual([]);
});
