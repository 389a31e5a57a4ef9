import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PasswordPlace } from '../../../../functions/core/config/resolve.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import {
  openUpstreams,
  unreadableAccounts,
} from '../../../../functions/core/sources/open-sources.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../../standins/registry/upstream.ts';
import { parsed } from '../config/parsing.ts';
import { memoryBudgets } from './budget/memory-budgets.ts';

const minute = 60_000;
const account = { username: 'user', password: 'one' };

let hub: Upstream;
beforeEach(async () => {
  hub = await startUpstream({ auth: 'required', accounts: [account] });
  hub.add('library/app', makeImage({ layers: [randomLayer('sources', 1000)] }), '1');
});
afterEach(() => hub.close());

/** The clients of a configuration, a password that may change, and a clock. */
function scene(upstream: object = {}) {
  const state = { password: 'one' as string | undefined, now: Date.now() };
  const events: MirrorEvent[] = [];
  const credentials = { username: 'user', password: { env: 'HUB_TOKEN' } };
  const { upstreams } = parsed(
    { upstreams: { 'docker.io': { url: hub.url, credentials, ...upstream } } },
    { HUB_TOKEN: 'one' },
  );
  const readPassword = async (place: PasswordPlace) => {
    if (state.password !== undefined) return state.password;
    throw new Error(`not set: ${JSON.stringify(place)}`);
  };
  const { runtime, settled } = nodeRuntime((event) => events.push(event));
  const timed = { ...runtime, now: () => state.now };
  const opened = openUpstreams(upstreams, {
    fetch: (url, init) => fetch(url, init),
    runtime: timed,
    budgets: memoryBudgets(timed),
    readPassword,
  });
  const client = opened.get('docker.io')?.upstream;
  const ask = async () =>
    client?.headManifest({ name: 'library/app', upstreamCalls: 0 }, { kind: 'tag', tag: '1' });
  return { state, events, opened, upstreams, readPassword, ask, settled };
}

test('each upstream has its configured policy', () => {
  const { opened } = scene({ tagTtl: '7s' });
  expect([...opened.keys()]).toEqual(['docker.io']);
  expect(opened.get('docker.io')?.policy.tagTtl).toBe(7000);
});

test('only a rule with the clock of the Hub asks its API', async () => {
  const tags = (clock: string) => [{ match: 'library/**', cooldown: '3d', clock }];
  expect(scene({ tags: tags('first-seen') }).opened.get('docker.io')?.pushTime).toBeUndefined();
  // The stand-in of the registry has no such endpoint.
  const { opened } = scene({ tags: tags('hub'), hubApi: hub.url });
  const digest = madeDigest('any');
  expect(await opened.get('docker.io')?.pushTime?.('library/app', '1', digest)).toBeUndefined();
  expect(hub.requests.at(-1)?.path).toBe('/v2/namespaces/library/repositories/app/tags/1');
});

test('a request has the password and the user agent, and its rate limit is reported', async () => {
  const { ask, events, settled } = scene();
  hub.set({ pullLimit: { limit: 100, accountLimit: 200, windowSeconds: 21_600 } });
  expect(await ask()).toMatchObject({ kind: 'found' });
  await settled();
  expect(hub.requests.find(({ kind }) => kind === 'token')?.authorization).toBe('Basic');
  for (const { headers } of hub.requests) {
    expect(headers['user-agent']).toMatch(/^pullfront\/\d+\.\d+\.\d+/);
  }
  expect(events.some(({ kind }) => kind === 'rate-limit')).toBe(true);
});

test('a changed password is read again when it is refused', async () => {
  const { state, ask } = scene();
  await ask();
  hub.set({ accounts: [{ ...account, password: 'two' }] });
  hub.revokeTokens();
  Object.assign(state, { password: 'two', now: state.now + 5 * minute });
  expect(await ask()).toMatchObject({ kind: 'found' });
});

test('a password that cannot be read fails the request and is reported, without an upstream request', async () => {
  const { state, events, ask } = scene();
  state.password = undefined;
  await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' });
  expect(hub.requests).toEqual([]);
  expect(events).toEqual([
    { kind: 'store-failed', operation: 'readPassword', reason: 'not set: {"env":"HUB_TOKEN"}' },
  ]);
});

test('passwords that cannot be read are reported in advance', async () => {
  const { state, upstreams, readPassword } = scene();
  expect(await unreadableAccounts(upstreams, { readPassword })).toEqual([]);
  state.password = undefined;
  expect(await unreadableAccounts(upstreams, { readPassword })).toEqual([
    { registry: 'docker.io', reason: 'not set: {"env":"HUB_TOKEN"}' },
  ]);
  const anonymous = scene({ credentials: undefined });
  expect(await unreadableAccounts(anonymous.upstreams, { readPassword })).toEqual([]);
});
