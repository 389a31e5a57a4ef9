import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import type { SignInReader } from '../../../../../functions/core/sources/accounts/sign-in.ts';
import { RegistryBudget } from '../../../../../functions/core/sources/budget/registry-budget.ts';
import { openUpstreams } from '../../../../../functions/core/sources/open-sources.ts';
import { MemoryLedger } from '../../../../../functions/memory/ledger.ts';
import { nodeRuntime } from '../../../../../functions/node/runtime.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../../../standins/registry/upstream.ts';
import { parsed } from '../../config/parsing.ts';
import { memoryBudgets } from '../budget/memory-budgets.ts';

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
  const ledger = new MemoryLedger();
  const environment = { PASSWORD_ONE: 'one', PASSWORD_TWO: 'two' };
  const { upstreams } = parsed(
    { upstreams: { 'docker.io': { url: hub.url, accounts } } },
    environment,
  );
  const { runtime, settled } = nodeRuntime((event) => events.push(event));
  const timed = { ...runtime, now: () => state.now };
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
    runtime: timed,
    budgets: memoryBudgets(timed, ledger),
    readPassword: async (place) => Reflect.get(environment, 'env' in place ? place.env : '') ?? '',
    readSignIn,
  });
  const { upstream, budgets = [] } = opened.get('docker.io') ?? {};
  const budget = new RegistryBudget(budgets);
  const pull = (name = 'library/app') =>
    upstream?.getManifest({ name, upstreamCalls: 0 }, { kind: 'tag', tag: '1' });
  const rests = () => events.filter(({ kind }) => kind === 'account-rests');
  return { state, events, ledger, pull, budget, used, rests, settled };
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
  const { pull, used, rests, events, ledger, settled } = scene([
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
  const limits = await ledger.rateLimits();
  expect(limits.map(({ account }) => account)).toContain('ci');
  expect(JSON.stringify([events, limits])).not.toMatch(/secret-user|"one"|"two"/);
});

test('an account without pulls is not asked, and one limit does not end the pulls of the registry', async () => {
  hub.set({ pullLimit: { limit: 1, accountLimit: 1, windowSeconds } });
  const { state, pull, budget, used, rests } = scene([asAccount(one), asAccount(two)]);
  await pull();
  expect(budget.pullLimit).toBeUndefined();
  await pull();
  expect(used).toEqual([one.username, two.username]);
  expect(budget.pullLimit).toBeDefined();
  const before = hub.requests.length;
  await expect(pull()).rejects.toMatchObject({ kind: 'limited', isUnsent: true, retryAfter: 60 });
  expect(hub.requests.length).toBe(before);
  expect(rests()).toHaveLength(0);
  state.now += 72_000;
  await expect(pull()).rejects.toMatchObject({ kind: 'limited' });
  expect(hub.requests.slice(before).map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  hub.set({ pullLimit: { limit: 1, accountLimit: 5, windowSeconds } });
  state.now += 72_000;
  expect(await pull()).toMatchObject({ kind: 'found' });
});

test('an account that is limited rests, and the next one is used', async () => {
  const { pull, budget, used, rests } = scene([asAccount(one), asAccount(two)]);
  const limited = { kind: 'status', status: 429, headers: { 'retry-after': '120' } } as const;
  hub.fail({ on: 'manifest', method: 'GET', times: 1, do: limited });
  for (let count = 0; count < 3; count++) expect(await pull()).toMatchObject({ kind: 'found' });
  expect(used).toEqual([two.username, two.username, two.username]);
  expect(rests()).toMatchObject([{ account: 'account-1', milliseconds: 120_000 }]);
  expect(budget.pullLimit).toBeUndefined();
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
