import { expect, test } from 'vitest';
import type { Upstream } from '../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { upstreamWithPassword } from '../../../../functions/core/sources/rotating-password.ts';

const remote = { name: 'library/alpine', upstreamCalls: 0 };

/** An upstream that takes one password, a store of secrets that gives another, and a clock. */
function scene() {
  const state = { valid: 'one', secret: 'one', now: 0, reads: 0, fails: false };
  const reported: string[] = [];
  const upstream = upstreamWithPassword({
    registry: 'docker.io',
    async readPassword() {
      state.reads += 1;
      if (state.fails) throw new Error('no such secret: pullfront/hub');
      return state.secret;
    },
    createClient: (password) => {
      const listTags: Upstream['listTags'] = async () => {
        if (password !== state.valid) throw new UpstreamError('credentials', 'refused');
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

test('a wrong password is read again every five minutes, not with every request', async () => {
  const { state, ask } = scene();
  state.valid = 'another';
  for (let minute = 0; minute <= 10; minute++) {
    state.now = minute * 60_000;
    await expect(ask()).rejects.toMatchObject({ kind: 'credentials' });
  }
  expect(state.reads).toBe(3);
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
