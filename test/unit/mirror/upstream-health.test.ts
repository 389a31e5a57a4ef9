import { beforeEach, describe, expect, it } from 'vitest';
import { UpstreamHealth } from '../../../functions/core/mirror/asking/upstream-health.ts';
import { UpstreamError } from '../../../functions/core/upstream/upstream-error.ts';

const hour = 3_600_000;
const down = new UpstreamError('unreachable', 'docker.io is not reachable');

let now: number;
let health: UpstreamHealth;

beforeEach(() => {
  now = 10 * hour;
  health = new UpstreamHealth(() => now);
});

describe('the health of an upstream', () => {
  it('is trusted for 30 s after a success', () => {
    expect(health.isTrusted).toBe(false);
    health.success();
    now += 29_999;
    expect(health.isTrusted).toBe(true);
    now += 1;
    expect(health.isTrusted).toBe(false);
  });

  it('rests for 5 s after a failure', () => {
    health.success();
    health.failure(down);
    expect(health.isTrusted).toBe(false);
    now += 4_999;
    expect(health.resting).toBe(down);
    now += 1;
    expect(health.resting).toBeUndefined();
  });

  it.each([
    [1, 5_000],
    [10, 10_000],
    [3600, 60_000],
  ])('rests after a Retry-After of %i s for %i ms', (retryAfter, rest) => {
    health.failure(new UpstreamError('limited', 'docker.io is limiting', { retryAfter }));
    now += rest - 1;
    expect(health.resting?.kind).toBe('limited');
    now += 1;
    expect(health.resting).toBeUndefined();
  });

  it('rests no longer when the clock is set back', () => {
    health.failure(down);
    now -= hour;
    expect(health.resting).toBeUndefined();
  });

  it('is not trusted on when the clock is set back', () => {
    health.success();
    now -= hour;
    expect(health.isTrusted).toBe(false);
  });
});
