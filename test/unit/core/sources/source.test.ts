import { beforeEach, expect, test } from 'vitest';
import type { RemoteRepository } from '../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import type { Alternates } from '../../../../functions/core/sources/alternates/alternates.ts';
import type { HostWaits } from '../../../../functions/core/sources/host-waits.ts';
import type { ObservedUpstream } from '../../../../functions/core/sources/mirrored-upstream.ts';
import { Source } from '../../../../functions/core/sources/source.ts';
import { SourceHealth } from '../../../../functions/core/sources/source-health.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { defaultPolicy } from '../mirror/mirror-over-store.ts';
import { known, ScriptedUpstream } from '../mirror/scripted-upstream.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const image = makeImage({ layers: [randomLayer('source', 100)] });
const digest = known(image.manifest.digest);
const blob = known(image.layers[0]?.digest ?? '');
const byDigest = { kind: 'digest', digest } as const;
const whole = { start: 0 } as never;

let now: number;
let upstream: ScriptedUpstream;
let health: SourceHealth;
let budget: { stopped?: UpstreamError; pullLimit?: UpstreamError };
let isOverdue: boolean;
let overdueHosts: (string | undefined)[];
let inTime: boolean;
/** What the alternate answers; undefined: there is no alternate. */
let answer: (() => Promise<object>) | undefined;
let asked: string[];
let mayAsk: boolean;

beforeEach(() => {
  now = 1_000_000;
  upstream = new ScriptedUpstream('docker.io');
  upstream.add(repository.name, image, '1');
  health = new SourceHealth(upstream, { now: () => now, observe: () => undefined });
  budget = {};
  [isOverdue, inTime, mayAsk] = [false, true, true];
  overdueHosts = [];
  answer = undefined;
  asked = [];
});

const waits = {
  isOverdue: (host?: string) => {
    overdueHosts.push(host);
    return isOverdue;
  },
  follow: async (_: object, work: Promise<unknown>) => (inTime ? { value: await work } : 'late'),
};

function alternates() {
  return {
    now: () => now,
    isRegistrySlow: false,
    forUnseenTags: false,
    mayAsk: () => mayAsk,
    isTrusted: () => asked.length > 0,
    hasPullsFor: () => true,
    used: () => undefined,
    registryLost: () => undefined,
    located: () => undefined,
    wrongBytes: () => asked.push('wrong bytes'),
    atLocation: () => undefined,
    async ask({ subject }: { subject: string }) {
      asked.push(subject);
      return { alternate: { entry: 'mirror.test' }, source: {}, result: await answer?.() };
    },
  };
}

function source(more: Partial<ObservedUpstream> = {}, isBackground = false) {
  const observed: ObservedUpstream = {
    upstream,
    policy: defaultPolicy,
    health,
    budget: budget as ObservedUpstream['budget'],
    waits: waits as unknown as HostWaits,
    alternates: answer === undefined ? undefined : (alternates() as unknown as Alternates),
    ...more,
  };
  return new Source(repository, observed, () => now, { isBackground });
}

const limited = new UpstreamError('limited', 'wait', { limit: 'abuse', retryAfter: 60 });
const found = async () => ({ kind: 'found', of: 'alternate', size: 100, body: {} });

test('only a well-known registry without a path is well known', () => {
  expect(source().isWellKnown).toBe(true);
  expect(source({ hasPath: true }).isWellKnown).toBe(false);
});

test('a manifest that the registry has is of the registry', async () => {
  answer = found;
  expect(await source().getManifest(byDigest)).toMatchObject({ manifest: { digest } });
  expect(asked).toEqual([]);
});

test.each(['pull limit', 'failure', 'silence'])('alternates are asked first: %s', async (why) => {
  answer = found;
  if (why === 'pull limit') budget.pullLimit = limited;
  if (why === 'failure') health.failure(repository.name, limited);
  if (why === 'silence') {
    isOverdue = true;
    upstream.gate = new Promise(() => undefined);
  }
  const manifest = source().getManifest(byDigest, async () => true);
  expect(await manifest).toMatchObject({ of: 'alternate' });
  expect(upstream.count('GET')).toBe(why === 'silence' ? 1 : 0);
});

test('a blob is had although no pull is left, and not after a stop', async () => {
  answer = found;
  budget.pullLimit = limited;
  await source().openBlob(blob, whole, { size: 100 });
  expect([asked.length, upstream.count('GET blob')]).toEqual([0, 1]);
  budget.stopped = limited;
  await source().openBlob(blob, whole, { size: 100 });
  expect([asked.length, upstream.count('GET blob')]).toEqual([1, 1]);
});

test('an alternate sends only what the registry names: HEAD tells', async () => {
  answer = found;
  budget.pullLimit = limited;
  expect(await source().getManifest(byDigest)).toMatchObject({ of: 'alternate' });
  expect(upstream.asked).toEqual([`HEAD manifest library/app:${digest}`]);
  upstream.forget(repository.name);
  expect(await source().getManifest(byDigest)).toEqual({ kind: 'absent' });
  expect(asked).toHaveLength(1);
});

test.each(['tag', 'unnamed blob', 'unnamed location'])('no alternate has a %s', async (what) => {
  answer = found;
  budget.stopped = limited;
  budget.pullLimit = limited;
  if (what === 'tag') await source().getManifest({ kind: 'tag', tag: '1' });
  else if (what === 'unnamed blob') await source().openBlob(blob, whole);
  else await source().locateBlob(blob);
  expect([asked.length, upstream.asked.length]).toEqual([0, 1]);
});

test('a named location is had from an alternate of a stopped registry', async () => {
  answer = async () => ({ kind: 'redirect', url: 'https://cdn.example' });
  budget.stopped = limited;
  expect(await source().locateBlob(blob, true)).toMatchObject({ kind: 'redirect' });
  expect(upstream.asked).toEqual([]);
});

test('a repository that may not be named has no alternates', () => {
  answer = found;
  expect(source().alternates).toBeDefined();
  mayAsk = false;
  expect(source().alternates).toBeUndefined();
});

test('a source has the same alternates throughout: they know who sent what', () => {
  answer = found;
  const one = source();
  expect(one.alternates).toBe(one.alternates);
});

test.each([
  [undefined, limited],
  [found, undefined],
])('a limit on pulls is none where alternates have pulls', (alternate, limit) => {
  answer = alternate;
  budget.pullLimit = limited;
  expect(source().pullLimit).toBe(limit);
});

test('why clients with a copy do not wait: a stop, a failure or silence', () => {
  const one = source();
  expect(one.recentFailure).toBeUndefined();
  isOverdue = true;
  expect(one.recentFailure).toMatchObject({
    kind: 'timeout',
    message: 'docker.io: no answer in time',
  });
  const failure = new UpstreamError('unavailable', 'down');
  health.failure(repository.name, failure);
  expect(one.recentFailure).toBe(failure);
  budget.stopped = limited;
  expect(one.recentFailure).toBe(limited);
  expect(source({ waits: undefined }).recentFailure).toBe(limited);
});

test.each([
  [undefined, undefined],
  [true, undefined],
  [false, 'auth.example'],
])('with a token: %s, silence counts of %s', (hasToken, expected) => {
  if (hasToken !== undefined) {
    upstream.tokenServices.set(repository.name, { host: 'auth.example', hasToken });
  }
  void source().recentFailure;
  expect(overdueHosts).toEqual([expected]);
});

test('a registry without waits is never silent', () => {
  isOverdue = true;
  expect(source({ waits: undefined }).recentFailure).toBeUndefined();
});

test('a client waits for work as long as its upstream may take', async () => {
  expect(await source().follow(Promise.resolve('done'))).toBe('done');
  inTime = false;
  await expect(source().follow(Promise.resolve('done'))).rejects.toThrow('no answer in time');
  expect(await source({}, true).follow(Promise.resolve('done'))).toBe('done');
  expect(await source({ waits: undefined }).follow(Promise.resolve('done'))).toBe('done');
  answer = found;
  expect(await source().follow(Promise.resolve('done'))).toBe('done');
});

test('a wait begins once', () => {
  const one = source();
  now += 5;
  expect(one.began).toBe(1_000_005);
  now += 5;
  expect(one.began).toBe(1_000_005);
});

test('it is trusted if the registry or an alternate answered', async () => {
  expect(source().isTrusted).toBe(false);
  answer = found;
  expect(source().isTrusted).toBe(false);
  asked.push('an alternate answered');
  expect(source().isTrusted).toBe(true);
  answer = undefined;
  await source().headManifest(byDigest);
  expect(source().isTrusted).toBe(true);
});

test('a failing blob host matters only without a trusted alternate', async () => {
  const answerer = { role: 'blob-host', host: 'cdn.example' } as const;
  health.failure(repository.name, new UpstreamError('unavailable', 'down', { answerer }));
  expect(source().blobFailure).toMatchObject({ message: 'down' });
  answer = found;
  expect(source().blobFailure).toMatchObject({ message: 'down' });
  await source().openBlob(blob, whole, { size: 100 });
  expect(asked).toEqual([blob]);
  expect(source().blobFailure).toBeUndefined();
});

test('wrong bytes are blamed on who sent them', async () => {
  const message = `docker.io/library/app: the upstream sent wrong bytes for ${blob}`;
  answer = found;
  budget.stopped = limited;
  const one = source();
  await one.openBlob(blob, whole, { size: 100 });
  expect(one.wrongBytes(blob)).toMatchObject({ kind: 'invalid', message });
  expect([asked, one.blobFailure]).toEqual([[blob, 'wrong bytes'], undefined]);
  answer = undefined;
  const twice = [source().wrongBytes(blob), source().wrongBytes(blob)];
  expect(twice).toMatchObject([{ message }, { message }]);
  expect(source().blobFailure).toBe(twice[1]);
});

test('a location is opened at the registry, unless an alternate gave it', async () => {
  const url = `https://cdn.example/library/app@${blob}`;
  answer = found;
  expect(await source().openLocated(url, blob, whole)).toMatchObject({ kind: 'found' });
  expect(upstream.asked).toEqual([`GET located ${url} 0`]);
});

test('a request of the registry is counted where the client is', async () => {
  const one: RemoteRepository = source();
  await (one as Source).headBlob(blob);
  await (one as Source).openBlob(blob, whole);
  answer = found;
  const other = source();
  await other.openBlob(blob, whole, { size: 100 });
  expect([one.upstreamCalls, other.upstreamCalls]).toEqual([2, 1]);
});
