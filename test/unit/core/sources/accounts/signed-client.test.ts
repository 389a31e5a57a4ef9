import { expect, test } from 'vitest';
import type { Upstream } from '../../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { signedClient } from '../../../../../functions/core/sources/accounts/signed-client.ts';

const remote = { name: 'library/alpine', upstreamCalls: 0 };

/** An upstream that takes one password, a store of secrets that gives another, and a clock. */
function scene(isCheap = false, isOptional = false) {
  const state = {
    valid: 'one',
    secret: 'one',
    now: 0,
    reads: 0,
    fails: false,
    refused: 0,
    refusal: '',
    expires: undefined as number | undefined,
  };
  const reported: string[] = [];
  const upstream = signedClient({
    registry: 'docker.io',
    async readCredentials() {
      state.reads += 1;
      if (state.fails) throw new Error('no such secret: pullfront/hub');
      return { username: 'me', password: state.secret, expires: state.expires };
    },
    createClient: ({ password }) => {
      const listTags: Upstream['listTags'] = async () => {
        if (password !== state.valid) {
          state.refused += 1;
          if (state.refusal === 'denied') return { kind: 'denied' };
          throw new UpstreamError('credentials', 'refused');
        }
        return { kind: 'found', tags: [password], next: undefined };
      };
      const never = () => Promise.reject(new Error('not asked here'));
      return {
        registry: 'docker.io',
        tokenServiceOf: () => undefined,
        headManifest: never,
        getManifest: never,
        headBlob: never,
        openBlob: never,
        openLocated: never,
        locateBlob: never,
        listReferrers: never,
        listTags,
      };
    },
    isCheap,
    isOptional,
    waitUntil: () => undefined,
    now: () => state.now,
    onUnreadable: (reason) => reported.push(reason),
  });
  return { state, reported, ask: () => upstream.listTags(remote) };
}

test('a password is read before the first request, and once', async () => {
  const { state, ask } = scene();
  expect(state.reads).toBe(0);
  await Promise.all([ask(), ask(), ask()]);
  await ask();
  expect(state.reads).toBe(1);
});

test('a changed password is read again, once for all refused requests', async () => {
  const { state, ask } = scene();
  await ask();
  Object.assign(state, { valid: 'two', secret: 'two', now: 300_000 });
  const found = await Promise.all([ask(), ask(), ask()]);
  expect(found[2]).toEqual({ kind: 'found', tags: ['two'] });
  expect(state.reads).toBe(2);
});

test('a wrong password is read again every minute, not with every request', async () => {
  const { state, ask } = scene();
  state.valid = 'another';
  for (let second = 0; second <= 200; second += 5) {
    state.now = second * 1000;
    await expect(ask()).rejects.toMatchObject({ kind: 'credentials' });
  }
  expect(state.reads).toBe(1 + 1 + 3);
});

test('a password that changed a moment after the last reading is read again', async () => {
  const { state, ask } = scene();
  await ask();
  Object.assign(state, { valid: 'two', secret: 'two', now: 1_000 });
  expect(await ask()).toMatchObject({ tags: ['two'] });
});

test('a password is read again when the registry denies, as ECR does once it expired', async () => {
  const { state, ask } = scene();
  await ask();
  Object.assign(state, { valid: 'two', refusal: 'denied', now: 1_000 });
  expect(await ask()).toEqual({ kind: 'denied' });
  Object.assign(state, { secret: 'two', now: 2_000 });
  expect(await ask()).toEqual({ kind: 'denied' });
  state.now = 61_000;
  expect(await ask()).toMatchObject({ tags: ['two'] });
  expect(state.reads).toBe(3);
});

test('a file is read again before requests, once a second', async () => {
  const { state, reported, ask } = scene(true);
  await ask();
  Object.assign(state, { valid: 'two', secret: 'two', now: 1_000 });
  const found = await Promise.all([ask(), ask(), ask()]);
  expect(found[0]).toMatchObject({ tags: ['two'] });
  expect(state.refused).toBe(0);
  for (let i = 0; i < 10; i++) await ask();
  expect(state.reads).toBe(2);
  // Not there for a moment: the last password is still good.
  Object.assign(state, { fails: true, now: 2_000 });
  expect(await ask()).toMatchObject({ tags: ['two'] });
  expect(reported).toEqual([]);
  Object.assign(state, { valid: 'three', now: 3_000 });
  await expect(ask()).rejects.toMatchObject({ kind: 'credentials' });
  expect(reported).toEqual(['no such secret: pullfront/hub']);
  Object.assign(state, { fails: false, secret: 'three', now: 4_000 });
  expect(await ask()).toMatchObject({ tags: ['three'] });
});

test('a password that cannot be read fails the request, and the next one tries again', async () => {
  const { state, reported, ask } = scene();
  state.fails = true;
  // The message is the client's to read, the reason the log's.
  await expect(ask()).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'docker.io: cannot read the password',
  });
  expect(reported).toEqual(['no such secret: pullfront/hub']);
  state.fails = false;
  await expect(ask()).resolves.toMatchObject({ kind: 'found' });
});

test('credentials that expire are read again an hour before, in the background, and after a refusal once a minute', async () => {
  const { state, ask } = scene();
  const hour = 3_600_000;
  state.expires = 12 * hour;
  await ask();
  state.now = 11 * hour - 1;
  await ask();
  expect(state.reads).toBe(1);
  Object.assign(state, { now: 11 * hour + 1, secret: 'two', expires: 24 * hour });
  expect(await ask()).toMatchObject({ tags: ['one'] });
  state.valid = 'two';
  expect(await ask()).toMatchObject({ tags: ['two'] });
  expect(state.reads).toBe(2);
  // ECR issues others with every reading, and may deny a repository with any.
  Object.assign(state, { valid: 'none', refusal: 'denied' });
  for (let second = 0; second < 180; second += 5) {
    Object.assign(state, { now: 11 * hour + 2 + second * 1000, secret: `token ${second}` });
    await ask();
  }
  expect(state.reads).toBe(2 + 2);
});

test('expired credentials are read again before the request', async () => {
  const { state, ask } = scene();
  state.expires = 100_000;
  await ask();
  Object.assign(state, { now: 100_000, valid: 'two', secret: 'two', expires: 1_000_000_000 });
  expect(await ask()).toMatchObject({ tags: ['two'] });
  expect(state.refused).toBe(0);
});
