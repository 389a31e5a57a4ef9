import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import type { SeenRateLimit } from '../../../../../functions/core/ports/ledger.ts';
import type { SignInReader } from '../../../../../functions/core/sources/accounts/sign-in.ts';
import { openUpstreams } from '../../../../../functions/core/sources/open-sources.ts';
import { nodeRuntime } from '../../../../../functions/node/runtime.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../../../standins/registry/upstream.ts';
import { parsed } from '../../config/parsing.ts';

const one = { username: 'secret-user-one', password: 'one' };
const two = { username: 'secret-user-two', password: 'two' };
const windowSeconds = 21_600;

let hub: Upstream;
beforeEach(async () => {
  hub = await startUpstream({ auth: 'anonymous', accounts: [one, two] });
  for (const name of ['library/app', 'team/app']) {
    hub.add(name, makeImage({ layers: [randomLayer(name, 1000)] }), '1');
  }
});
afterEach(() => hub.close());

const asAccount = ({ username, password }: typeof one, more: object = {}) => ({
  username,
  password: { env: `PASSWORD_${password.toUpperCase()}` },
  ...more,
});

/** The pool of these accounts, with a clock, what it observed, and which account each pull used. */
function scene(accounts: readonly object[], readSignIn?: SignInReader) {
  const state = { now: Date.now() };
  const users = new Map<string, string | undefined>();
  /** The user of each pull that succeeded. */
  const used: (string | undefined)[] = [];
  const events: MirrorEvent[] = [];
  const limits: SeenRateLimit[] = [];
  const environment = { PASSWORD_ONE: 'one', PASSWORD_TWO: 'two' };
  const { upstreams } = parsed(
    { upstreams: { 'docker.io': { url: hub.url, accounts } } },
    environment,
  );
  const { runtime, settled } = nodeRuntime((event) => events.push(event));
  const opened = openUpstreams(upstreams, {
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const authorization = init.headers.authorization ?? '';
      if (init.purpose === 'token' && response.status === 200) {
        const { token } = (await response.clone().json()) as { readonly token: string };
        const [user] = atob(authorization.replace('Basic ', '')).split(':');
        users.set(`Bearer ${token}`, user || undefined);
      } else if (init.purpose === 'manifest' && response.status === 200) {
        used.push(users.get(authorization));
      }
      return response;
    },
    runtime: { ...runtime, now: () => state.now },
    ledger: {
      recordRateLimit: async (limit) => void limits.push(limit),
      rateLimits: async () => limits,
      count: () => undefined,
      counters: async () => expect.unreachable(),
      addUsage: async () => expect.unreachable(),
    },
    readPassword: async (place) => Reflect.get(environment, 'env' in place ? place.env : '') ?? '',
    readSignIn,
  });
  const { upstream, pulls } = opened.get('docker.io') ?? {};
  const pull = (name = 'library/app') =>
    upstream?.getManifest({ name, upstreamCalls: 0 }, { kind: 'tag', tag: '1' });
  const rests = () => events.filter(({ kind }) => kind === 'account-rests');
  return { state, events, limits, pull, pulls, used, rests, settled };
}

test('the account with the most pulls left is used', async () => {
  hub.set({ pullLimit: { limit: 10, accountLimit: 4, windowSeconds } });
  const { pull, used } = scene([asAccount(one), asAccount(two)]);
  for (let count = 0; count < 8; count++) expect(await pull()).toMatchObject({ kind: 'found' });
  const of = (account: typeof one) => used.filter((name) => name === account.username).length;
  expect([of(one), of(two)]).toEqual([4, 4]);
});

test('an account without pulls or with a refused password rests, and the next one is used', async () => {
  hub.set({ accounts: [{ ...one, password: 'changed' }, two] });
  const { pull, used, rests, events, limits, settled } = scene([
    asAccount(one),
    asAccount(two, { label: 'ci' }),
  ]);
  hub.set({ pullLimit: { limit: 1, accountLimit: 5, windowSeconds } });
  for (let count = 0; count < 3; count++) expect(await pull()).toMatchObject({ kind: 'found' });
  expect(used).toEqual([two.username, two.username, two.username]);
  expect(rests()).toMatchObject([
    { registry: 'docker.io', account: 'account-1', milliseconds: 60_000 },
  ]);
  await settled();
  expect(limits.map(({ account }) => account)).toContain('ci');
  expect(JSON.stringify([events, limits])).not.toMatch(/secret-user|"one"|"two"/);
});

test('a rested account is used again, and one limit does not end the pulls of the registry', async () => {
  hub.set({ pullLimit: { limit: 1, accountLimit: 1, windowSeconds, retryAfter: '120' } });
  const { state, pull, pulls, used, rests } = scene([asAccount(one), asAccount(two)]);
  await pull();
  expect(pulls?.current).toBeUndefined();
  await pull();
  expect(used).toEqual([one.username, two.username]);
  expect(pulls?.current).toBeDefined();
  await expect(pull()).rejects.toMatchObject({ kind: 'limited', retryAfter: 120 });
  expect(rests()).toHaveLength(2);
  state.now += 60_000;
  // While both rest, one of them is asked.
  const before = hub.requests.length;
  await expect(pull()).rejects.toMatchObject({ kind: 'limited', retryAfter: 60 });
  expect(hub.requests.length - before).toBe(1);
  hub.set({ pullLimit: { limit: 1, accountLimit: 5, windowSeconds } });
  expect(await pull()).toMatchObject({ kind: 'found' });
});

test('an account that is bound to repositories signs requests for these and no others', async () => {
  const { pull, used } = scene([asAccount(one, { repositories: ['team/**'] }), asAccount(two)]);
  for (const name of ['team/app', 'library/app', 'team/app']) await pull(name);
  expect(used).toEqual([one.username, two.username, one.username]);
  const bound = scene([asAccount(one, { repositories: ['team/**'] })]);
  await bound.pull('library/app');
  expect(bound.used.at(-1)).toBeUndefined();
});

test('a helper that fails leaves its upstream anonymous for a minute, says so once, and is not asked meanwhile', async () => {
  let asked = 0;
  let isBroken = true;
  const { state, pull, used, rests } = scene([{ helper: 'hub' }], async () => {
    asked += 1;
    if (isBroken) throw new Error('docker-credential-hub: exited with 1');
    return one;
  });
  for (let count = 0; count < 3; count++) expect(await pull()).toMatchObject({ kind: 'found' });
  expect(used).toEqual([undefined, undefined, undefined]);
  expect(asked).toBe(1);
  expect(rests()).toEqual([
    {
      kind: 'account-rests',
      registry: 'docker.io',
      account: 'account-1',
      milliseconds: 60_000,
      reason: 'docker-credential-hub: exited with 1; anonymous meanwhile',
    },
  ]);
  isBroken = false;
  state.now += 60_000;
  await pull();
  expect(used.at(-1)).toBe(one.username);
});

test('a helper whose credentials were refused and that fails now leaves its upstream anonymous', async () => {
  let isBroken = false;
  const { state, pull, used } = scene([{ helper: 'hub' }], async () => {
    if (isBroken) throw new Error('docker-credential-hub: exited with 1');
    return one;
  });
  await pull();
  isBroken = true;
  hub.set({ accounts: [two] });
  hub.revokeTokens();
  state.now += 60_000;
  expect(await pull()).toMatchObject({ kind: 'found' });
  expect(used).toEqual([one.username, undefined]);
});
