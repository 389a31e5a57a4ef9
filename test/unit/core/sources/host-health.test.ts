import { beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import {
  activeError,
  backoffOf,
  HostHealth,
  reachOf,
} from '../../../../functions/core/sources/host-health.ts';

let now: number;
let health: HostHealth;

beforeEach(() => {
  now = 1_000_000;
  health = new HostHealth(() => now);
});

function pass(milliseconds: number): void {
  now += milliseconds;
}

type Details = ConstructorParameters<typeof UpstreamError>[2];
const errorOf = (kind: UpstreamError['kind'], details: Details = {}) =>
  new UpstreamError(kind, 'failed', details);
const unreachable = errorOf('unreachable');
const broken = errorOf('unavailable', { status: 500 });

describe('a backoff', () => {
  it.each([
    [undefined, 5000],
    [4, 5000],
    [6, 6000],
    [60, 60_000],
    [61, 60_000],
  ])('after a Retry-After of %s s lasts %i ms', (retryAfter, milliseconds) => {
    const error = errorOf('limited', { retryAfter });
    expect(backoffOf(error, now)).toEqual({ error, since: now, milliseconds });
  });

  it('ends after its time, and when the clock is set back', () => {
    const backoff = backoffOf(unreachable, now);
    const errors = [now - 1, now, now + 4999, now + 5000].map((at) => activeError(backoff, at));
    expect(errors).toEqual([undefined, unreachable, unreachable, undefined]);
    expect(activeError(undefined, now)).toBeUndefined();
  });
});

describe('a failure', () => {
  const at = (role: string, isAlive = false) => ({ answerer: { role, isAlive } as never });

  it.each<[string, UpstreamError, string]>([
    ['that has no answer', unreachable, 'host'],
    ['that took too long', errorOf('timeout'), 'host'],
    ['of a limit', errorOf('limited', { status: 429 }), 'host'],
    ['of a limit elsewhere', errorOf('limited', at('other-host')), 'many'],
    ['of a host that answers others', errorOf('timeout', at('registry', true)), 'many'],
    ['of the silent registry', errorOf('timeout', at('registry')), 'host'],
    ['of an answer that broke off', errorOf('unreachable', { status: 200 }), 'many'],
    ['by a 500', broken, 'many'],
    ['by a 499', errorOf('unavailable', { status: 499 }), 'one'],
    ['without a status', errorOf('unavailable'), 'many'],
    ['by an invalid answer', errorOf('invalid', { status: 500 }), 'one'],
  ])('%s reaches so far', (_, error, reach) => {
    expect(reachOf(error)).toBe(reach);
  });
});

describe('a host', () => {
  it('is trusted for 30 s after a success', () => {
    expect(health.isTrusted).toBe(false);
    expect(health.success()).toBe(false);
    now += 29_999;
    expect(health.isTrusted).toBe(true);
    now += 1;
    expect(health.isTrusted).toBe(false);
  });

  it('fails as a whole if it does not answer, once reported', () => {
    health.success();
    expect(health.failure(unreachable, 'a')).toEqual(backoffOf(unreachable, now));
    expect([health.isTrusted, health.recentFailure]).toEqual([false, unreachable]);
    expect(health.failure(unreachable, 'a')).toBeUndefined();
    now += 5000;
    expect(health.recentFailure).toBeUndefined();
  });

  it('does not fail by failures of one repository', () => {
    for (let at = 0; at < 5; at++) expect(health.failure(broken, 'a')).toBeUndefined();
    for (const name of ['a', 'b', 'c', 'd']) health.failure(errorOf('invalid'), name);
    expect(health.recentFailure).toBeUndefined();
  });

  it('fails by three repositories within 30 s without a success', () => {
    health.failure(broken, 'a');
    health.failure(broken, 'b');
    now += 29_999;
    expect(health.failure(broken, 'c')).toBeDefined();
    expect(health.recentFailure).toBe(broken);
  });

  it.each([
    ['a repository failed longer ago', () => pass(30_000)],
    ['there was a success', () => void health.success()],
  ])('does not fail if %s', (_, between) => {
    health.failure(broken, 'a');
    health.failure(broken, 'b');
    between();
    expect(health.failure(broken, 'c')).toBeUndefined();
  });

  it('that fails is not kept so by more 5xx', () => {
    for (const name of ['a', 'b', 'c']) health.failure(broken, name);
    now += 4000;
    health.failure(broken, 'd');
    now += 1000;
    expect(health.recentFailure).toBeUndefined();
  });

  it('works again after a success, which says that it had failed', () => {
    health.failure(unreachable, 'a');
    expect(health.success()).toBe(true);
    expect([health.recentFailure, health.isTrusted]).toEqual([undefined, true]);
    expect(health.success()).toBe(false);
  });

  it('is trusted by the answer to another instance, unless it failed here', () => {
    health.answeredElsewhere(now - 1000);
    health.answeredElsewhere(now - 5000);
    now += 28_999;
    expect(health.isTrusted).toBe(true);
    now += 1;
    expect(health.isTrusted).toBe(false);
    health.failure(unreachable, 'a');
    health.answeredElsewhere(now);
    expect(health.isTrusted).toBe(false);
  });
});
