import { beforeEach, describe, expect, it } from 'vitest';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import type { TokenService } from '../../../../functions/core/ports/upstream.ts';
import { type Answerer, UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { SourceHealth } from '../../../../functions/core/sources/source-health.ts';

const hour = 3_600_000;
const down = new UpstreamError('unreachable', 'docker.io is not reachable');
const cdn = { role: 'blob-host', host: 'cdn.example' } as const;
const tokens = { role: 'token-service', host: 'auth.example' } as const;
const regional = { role: 'other-host', host: 'eu.example' } as const;

function status(code: number, details: { retryAfter?: number; answerer?: Answerer } = {}) {
  const kind = code === 429 ? 'limited' : 'unavailable';
  return new UpstreamError(kind, `status ${code}`, { status: code, ...details });
}

let now: number;
let health: SourceHealth;
let events: MirrorEvent[];
let services: Map<string, TokenService>;

beforeEach(() => {
  now = 10 * hour;
  events = [];
  services = new Map();
  const upstream = {
    registry: 'docker.io',
    tokenServiceOf: (name: string) => services.get(name),
  };
  const observe = (event: MirrorEvent) => void events.push(event);
  health = new SourceHealth(upstream, { now: () => now, observe });
});

const answered = (name: string) => health.success(name, services.get(name), false);

/** Who is left alone: the whole registry, or which of the repositories a, b. */
function failing(): string {
  const alone = ['a', 'b', 'other'].filter((name) => health.recentFailure(name) !== undefined);
  return alone.includes('other') ? 'registry' : alone.join(' ');
}

describe('a failure affects', () => {
  it.each<[string, UpstreamError, string]>([
    ['400', status(400), 'a'],
    ['418', status(418), 'a'],
    ['451', status(451), 'a'],
    ['500', status(500), 'a'],
    ['503', status(503), 'a'],
    ['refused credentials', new UpstreamError('credentials', 'no', { status: 401 }), 'a'],
    ['a body that broke off', new UpstreamError('unreachable', 'cut', { status: 200 }), 'a'],
    ['a body that stalled', new UpstreamError('timeout', 'late', { status: 200 }), 'a'],
    ['a password that cannot be read', new UpstreamError('unavailable', 'no password'), 'a'],
    ['404 of the token service', status(404, { answerer: tokens }), 'a'],
    ['500 of the token service', status(500, { answerer: tokens }), 'a'],
    ['429 of the token service', status(429, { answerer: tokens }), 'a'],
    ['no token service', new UpstreamError('unreachable', 'x', { answerer: tokens }), 'a'],
    ['429 where manifests are redirected to', status(429, { answerer: regional }), 'a'],
    ['nobody there', new UpstreamError('unreachable', 'x', { answerer: regional }), 'a'],
    ['429', status(429), 'registry'],
    ['an answer that is not HTTP', new UpstreamError('limited', 'x'), 'registry'],
    ['no connection', down, 'registry'],
    ['no answer in time', new UpstreamError('timeout', 'late'), 'registry'],
    ['an answer that contradicts itself', new UpstreamError('invalid', 'x', { status: 200 }), ''],
    ['404 of the blob host', status(404, { answerer: cdn }), ''],
    ['503 of the blob host', status(503, { answerer: cdn }), ''],
    ['429 of the blob host', status(429, { answerer: cdn }), ''],
    ['no blob host', new UpstreamError('unreachable', 'x', { answerer: cdn }), ''],
  ])('%s: %o backs off from: %s', (_, error, alone) => {
    for (const name of ['a', 'b']) answered(name);
    health.failure('a', error);
    expect(failing()).toBe(alone);
    expect(health.isTrusted('a')).toBe(alone === '');
    expect(health.isTrusted('b')).toBe(alone !== 'registry');
    now += 4_999;
    expect(failing()).toBe(alone);
    now += 1;
    expect(failing()).toBe('');
  });
});

describe('5xx of several repositories', () => {
  const fail = (...names: string[]) => {
    for (const name of names) health.failure(name, status(500));
  };

  it('of three within 30 s make the registry fail', () => {
    fail('x', 'y');
    now += 29_999;
    expect(failing()).toBe('');
    fail('z');
    expect(failing()).toBe('registry');
    now += 5_000;
    expect(failing()).toBe('');
  });

  it('of one do not, however many', () => {
    for (let times = 0; times < 10; times++) fail('x', 'y');
    expect(failing()).toBe('');
  });

  it('over more than 30 s do not', () => {
    fail('x', 'y');
    now += 30_000;
    fail('z');
    expect(failing()).toBe('');
  });

  it('while it answers for others do not', () => {
    fail('x', 'y');
    answered('b');
    fail('z');
    expect(failing()).toBe('');
  });

  it('do not prolong the backoff that they caused', () => {
    fail('x', 'y', 'z');
    now += 4_000;
    fail('x', 'y', 'z');
    now += 1_000;
    expect(failing()).toBe('');
    answered('b');
    fail('x', 'y');
    expect(failing()).toBe('');
  });

  it('include those of a host that manifests are redirected to', () => {
    for (const name of ['x', 'y', 'z']) {
      health.failure(name, new UpstreamError('unreachable', 'gone', { answerer: regional }));
    }
    expect(failing()).toBe('registry');
  });

  it('include no 4xx, and none of a token service or a blob host', () => {
    for (const name of ['x', 'y', 'z']) {
      health.failure(name, status(400));
      health.failure(name, status(503, { answerer: cdn }));
      health.failure(name, status(503, { answerer: tokens }));
    }
    expect(failing()).toBe('');
  });
});

describe('a backoff', () => {
  it.each([
    [1, 5_000],
    [10, 10_000],
    [3600, 60_000],
  ])('after a Retry-After of %i s lasts for %i ms', (retryAfter, rest) => {
    health.failure('a', status(503, { retryAfter }));
    now += rest - 1;
    expect(failing()).toBe('a');
    now += 1;
    expect(failing()).toBe('');
    health.failure('a', status(429, { retryAfter }));
    now += rest - 1;
    expect(failing()).toBe('registry');
    now += 1;
    expect(failing()).toBe('');
  });

  it('ends with an answer', () => {
    health.failure('a', status(500));
    health.failure('a', down);
    answered('b');
    expect(failing()).toBe('a');
    answered('a');
    expect(failing()).toBe('');
  });

  it('from the registry does not end with a denial, which may be the token service’s', () => {
    health.failure('a', down);
    health.success('b', undefined, true);
    expect(failing()).toBe('registry');
  });

  it('ends when the clock is set back', () => {
    health.failure('a', status(500));
    health.failure('b', down);
    now -= hour;
    expect(failing()).toBe('');
  });
});

describe('trust', () => {
  it('lasts for 30 s after an answer about any repository', () => {
    expect(health.isTrusted('a')).toBe(false);
    answered('b');
    now += 29_999;
    expect(health.isTrusted('a')).toBe(true);
    now += 1;
    expect(health.isTrusted('a')).toBe(false);
  });

  it('ends when the clock is set back', () => {
    answered('a');
    now -= hour;
    expect(health.isTrusted('a')).toBe(false);
  });
});

describe('a token service', () => {
  const lost = new UpstreamError('unreachable', 'gone', { answerer: tokens });

  beforeEach(() => {
    answered('b');
    health.failure('a', lost);
  });

  it('that fails: repositories that need its token do not wait for it', () => {
    services.set('b', { host: tokens.host, hasToken: false });
    expect(health.recentFailure('b')).toBe(lost);
    expect(health.isTrusted('b')).toBe(false);
  });

  it.each<[string, TokenService | undefined]>([
    ['has a token', { host: tokens.host, hasToken: true }],
    ['uses another', { host: 'other.example', hasToken: false }],
    ['needs none', undefined],
  ])('that fails: a repository that %s is not affected', (_, service) => {
    if (service !== undefined) services.set('b', service);
    expect(health.recentFailure('b')).toBeUndefined();
    expect(health.isTrusted('b')).toBe(true);
  });

  it('that issues a token again is used by all', () => {
    services.set('b', { host: tokens.host, hasToken: false });
    services.set('c', { host: tokens.host, hasToken: false });
    const before = services.get('b');
    services.set('b', { host: tokens.host, hasToken: true });
    health.success('b', before, false);
    expect(health.recentFailure('c')).toBeUndefined();
  });
});

describe('a blob host', () => {
  const lost = new UpstreamError('unreachable', 'gone', { answerer: cdn });

  it('that fails is remembered for its repositories for 30 s', () => {
    health.blobArrives('b', cdn.host);
    health.failure('a', lost);
    expect(health.blobFailure('a')).toBe(lost);
    // It is left alone by all whose blobs came from there.
    expect(health.blobFailure('b')).toBe(lost);
    expect(health.blobFailure('other')).toBeUndefined();
    now += 5_000;
    expect(health.blobFailure('b')).toBeUndefined();
    now += 24_999;
    expect(health.blobFailure('a')).toBe(lost);
    now += 1;
    expect(health.blobFailure('a')).toBeUndefined();
  });

  it('that answers one repository with 503 is usable for another', () => {
    health.blobArrives('b', cdn.host);
    health.failure('a', status(503, { answerer: cdn }));
    expect(health.blobFailure('a')).toBeDefined();
    expect(health.blobFailure('b')).toBeUndefined();
  });

  it.each([cdn.host, undefined])('blobs that arrive again, from %s', (host) => {
    health.failure('a', status(503, { answerer: cdn }));
    health.blobArrives('a', host);
    expect(health.blobFailure('a')).toBeUndefined();
  });

  it('an expired signature says nothing', () => {
    health.failure('a', status(403, { answerer: cdn }));
    expect(health.blobFailure('a')).toBeUndefined();
  });
});

describe('the events', () => {
  const told = () =>
    events.splice(0).map((event) => {
      if (event.kind !== 'backed-off' && event.kind !== 'answers-again') return event.kind;
      const { kind, scope, host, repository } = event;
      return [kind, scope, host, repository].filter(Boolean).join(' ');
    });

  it('of a repository: once, and when it recovers', () => {
    health.failure('a', status(500));
    health.failure('a', status(500));
    expect(events).toEqual([
      {
        kind: 'backed-off',
        registry: 'docker.io',
        scope: 'repository',
        host: 'docker.io',
        repository: 'a',
        milliseconds: 5_000,
        reason: 'status 500',
      },
    ]);
    answered('b');
    answered('a');
    expect(told().slice(1)).toEqual(['answers-again repository a']);
  });

  it('of the registry: once, and none of its repositories', () => {
    health.failure('a', down);
    now += 6_000;
    health.failure('b', down);
    health.failure('b', status(500));
    answered('b');
    expect(told()).toEqual(['backed-off registry', 'answers-again registry']);
  });

  it('of the registry after three repositories', () => {
    for (const name of ['a', 'b', 'c', 'd']) health.failure(name, status(500));
    expect(told()).toEqual([
      'backed-off repository docker.io a',
      'backed-off repository docker.io b',
      'backed-off registry',
    ]);
  });

  it('of a token service and a blob host', () => {
    health.failure('a', new UpstreamError('timeout', 'late', { answerer: tokens }));
    health.failure('a', new UpstreamError('timeout', 'late', { answerer: cdn }));
    health.failure('b', status(503, { answerer: { ...cdn, host: 'other.example' } }));
    health.blobArrives('a', cdn.host);
    health.blobArrives('b', 'other.example');
    expect(told()).toEqual([
      'backed-off token-service auth.example',
      'backed-off blob-host cdn.example',
      'backed-off blob-host other.example b',
      'answers-again blob-host cdn.example',
      'answers-again blob-host other.example b',
    ]);
  });
});

it('forgets the oldest names and hosts: clients and registries can invent any number', () => {
  health.failure('first', status(400, { retryAfter: 60 }));
  health.failure('first', status(503, { answerer: cdn }));
  for (let i = 0; i < 5_000; i++) {
    const host = `${i}.example`;
    health.failure(`a/${i}`, status(400));
    health.failure(`a/${i}`, status(503, { answerer: { role: 'blob-host', host } }));
    health.failure(`a/${i}`, status(503, { answerer: { role: 'token-service', host } }));
    health.blobArrives(`b/${i}`, host);
    events.length = 0;
  }
  expect(health.recentFailure('first')).toBeUndefined();
  expect(health.blobFailure('first')).toBeUndefined();
  expect(health.recentFailure('a/4999')).toBeDefined();
});
