import { afterEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../functions/core/ports/upstream-error.ts';
import { ColdStorm } from './cold-storm.ts';

afterEach(() => vi.unstubAllGlobals());

function newStorm(policy?: ConstructorParameters<typeof ColdStorm>[0]): ColdStorm {
  const storm = new ColdStorm(policy);
  const { setTimeout, clearTimeout } = storm.time.timers;
  vi.stubGlobal('setTimeout', setTimeout);
  vi.stubGlobal('clearTimeout', clearTimeout);
  return storm;
}

/** Instances that have an image in memory whose tag has just expired. */
async function expired(count: number, policy?: ConstructorParameters<typeof ColdStorm>[0]) {
  const storm = newStorm(policy);
  const instances = Array.from({ length: count }, () => storm.open());
  await storm.pull(instances.slice(0, 1));
  await storm.complete();
  await storm.resolve(instances);
  await storm.pass(5 * 60_000);
  storm.upstream.asked.length = 0;
  storm.table.calls.clear();
  return { storm, instances, began: storm.time.now() };
}

/** The kinds of outcomes, each once. */
const kinds = (outcomes: readonly string[]) => [...new Set(outcomes)];

describe('an expired tag that many instances request at the same moment', () => {
  it.each([1, 1000])('costs %d of them one HEAD and one write of it', async (count) => {
    const { storm, instances, began } = await expired(count);
    expect(kinds(await storm.resolve(instances))).toEqual(['revalidated']);
    expect(storm.asked()).toEqual({ 'HEAD manifest': 1, 'GET manifest': 0, 'LOCATE blob': 0 });
    expect(storm.time.now() - began).toBeLessThan(2_000);
    const { calls } = storm.table;
    expect(calls.get('PutItem tag')).toBe(1);
    expect(calls.get('PutItem rate-limit')).toBeUndefined();
    // Until it is confirmed again, it costs nothing.
    await storm.pass(4 * 60_000);
    expect(kinds(await storm.resolve(instances))).toEqual(['hit']);
    await storm.pass(60_000);
    expect(kinds(await storm.resolve(instances))).toEqual(['revalidated']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 2 });
  });

  it('costs one HEAD and one GET if it moved', async () => {
    const { storm, instances } = await expired(500);
    storm.move();
    const outcomes = kinds(await storm.resolve(instances));
    expect(outcomes).toContain('miss');
    expect(outcomes.every((kind) => kind === 'miss' || kind === 'revalidated')).toBe(true);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1, 'GET manifest': 1 });
  });

  it('is served stale if the one that asks hangs or dies, and checked once its lease is over', async () => {
    const { storm, instances, began } = await expired(500);
    storm.upstream.hangingHeads = 1;
    expect(kinds(await storm.resolve(instances))).toEqual(['stale']);
    expect(storm.time.now() - began).toBeLessThan(2_500);
    await storm.pass(6_500);
    // Those that waited for the lease have the answer now, although their clients have left.
    expect(kinds(await storm.resolve(instances.slice(1)))).toEqual(['hit']);
    expect(storm.upstream.count('HEAD manifest')).toBe(2);
  });

  it('costs one HEAD if the registry refuses it', async () => {
    const { storm, instances } = await expired(500);
    storm.upstream.removeTag('library/app', '1');
    expect(kinds(await storm.resolve(instances))).toEqual(['stale']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1, 'GET manifest': 0 });
    await storm.pass(10_000);
    expect(kinds(await storm.resolve([storm.open(), ...instances]))).toEqual(['stale']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1 });
    await storm.pass(15_000);
    await storm.resolve(instances);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 2 });
  });

  it('costs one HEAD if the registry fails', async () => {
    const { storm, instances } = await expired(500);
    storm.upstream.failure = new UpstreamError('unavailable', 'down', { status: 503 });
    expect(kinds(await storm.resolve(instances))).toEqual(['stale']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1, 'GET manifest': 0 });
  });

  it('is served although leases fail, for a HEAD each', async () => {
    const { storm, instances } = await expired(20);
    storm.table.broken = 'lease';
    expect(kinds(await storm.resolve(instances))).toEqual(['revalidated']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 20 });
  });
});

describe('an expired tag that is served before it is confirmed', () => {
  const behind = { revalidate: 'behind' } as const;

  it.each([1, 500])('costs %d instances one HEAD and one write of it', async (count) => {
    const { storm, instances, began } = await expired(count, behind);
    storm.upstream.asked.length = 0;
    expect(kinds(await storm.resolve(instances))).toEqual(['revalidating']);
    // The upstream alone takes 100 ms; those that find the lease held do not wait for it.
    expect(storm.time.now() - began).toBeLessThan(100);
    await storm.pass(2_000);
    expect(storm.asked()).toEqual({ 'HEAD manifest': 1, 'GET manifest': 0, 'LOCATE blob': 0 });
    expect(storm.table.calls.get('PutItem tag')).toBe(1);
    expect(kinds(await storm.resolve([storm.open(), ...instances]))).toEqual(['hit']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1 });
  });

  it('is new for all of them after the check, for one HEAD and one GET', async () => {
    const { storm, instances } = await expired(100, behind);
    storm.move();
    expect(kinds(await storm.resolve(instances))).toEqual(['revalidating']);
    await storm.pass(2_000);
    expect(kinds(await storm.resolve(instances))).toEqual(['hit']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1, 'GET manifest': 1 });
  });

  it('is checked by another instance once the lease of one that froze is over', async () => {
    const { storm, instances } = await expired(2, behind);
    storm.upstream.hangingHeads = 1;
    const [frozen, other] = instances;
    if (frozen === undefined || other === undefined) throw new Error('there are two');
    expect(await storm.resolve([frozen])).toEqual(['revalidating']);
    await storm.pass(1_000);
    expect(await storm.resolve([other])).toEqual(['revalidating']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1 });
    await storm.pass(6_000);
    expect(await storm.resolve([other])).toEqual(['revalidating']);
    await storm.pass(1_000);
    expect(await storm.resolve([other])).toEqual(['hit']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 2 });
  });
});

describe('a tag that the registry does not have', () => {
  it('costs one HEAD in 20 s, from all instances', async () => {
    const storm = newStorm();
    storm.upstream.removeTag('library/app', '1');
    const instances = Array.from({ length: 500 }, () => storm.open());
    expect(kinds(await storm.resolve(instances))).toEqual(['absent']);
    await storm.pass(10_000);
    expect(kinds(await storm.resolve([storm.open(), ...instances]))).toEqual(['absent']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 1 });
    await storm.pass(10_000);
    expect(kinds(await storm.resolve([storm.open(), storm.open()]))).toEqual(['absent']);
    expect(storm.asked()).toMatchObject({ 'HEAD manifest': 2 });
  });

  it('is asked for again when a client wants it confirmed', async () => {
    const storm = newStorm();
    storm.upstream.removeTag('library/app', '1');
    await storm.resolve([storm.open()]);
    await storm.pass(1_000);
    storm.restore();
    expect(await storm.resolve([storm.open()])).toEqual(['absent']);
    expect(await storm.resolve([storm.open()], 1, true)).toEqual(['miss']);
  });
});
