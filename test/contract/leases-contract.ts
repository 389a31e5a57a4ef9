import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Leases, longestLease } from '../../functions/core/ports/leases.ts';
import type { OpenedPort } from './opened-port.ts';

/** Leases under test, and their clock. */
export interface OpenedLeases extends OpenedPort<Leases> {
  /** Lets time pass for them, in ms. */
  pass(milliseconds: number): Promise<void>;
}

/** Leases of one process, which measures time by itself, or of many with clocks of their own. */
export type LeaseHolders = 'one process' | 'many processes';

/** Executes the contract of Leases on an implementation. */
export function describeLeasesContract(
  name: string,
  open: () => Promise<OpenedLeases>,
  holders: LeaseHolders = 'many processes',
): void {
  describe(`Leases: ${name}`, () => {
    let opened: OpenedLeases;
    let leases: Leases;

    beforeEach(async () => {
      opened = await open();
      leases = opened.store;
    });
    afterEach(() => opened.close());

    async function granted(key: string, milliseconds = 1000) {
      const lease = await leases.acquire(key, milliseconds);
      if (lease === undefined) throw new Error(`${key} is held`);
      return lease;
    }

    test('a key has one holder at a time, and keys do not touch each other', async () => {
      const lease = await granted('a');
      expect(lease.key).toBe('a');
      expect(await leases.acquire('a', 1000)).toBeUndefined();
      expect(await leases.acquire('b', 1000)).toBeDefined();
    });

    test('of many who ask at once one gets it', async () => {
      const asked = await Promise.all(Array.from({ length: 20 }, () => leases.acquire('a', 1000)));
      expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    test('of many keys those are acquired that are free', async () => {
      await granted('b', 1000);
      const leases1 = await leases.acquireMany(['a', 'b', 'c'], 5000);
      expect(leases1.map(({ key }) => key).sort()).toEqual(['a', 'c']);
      expect(await leases.acquireMany(['a', 'c'], 5000)).toEqual([]);
      await opened.pass(1001);
      const [left] = await leases.acquireMany(['a', 'b', 'c'], 5000);
      expect(left).toMatchObject({ key: 'b', fence: expect.any(Number) });
      const [first] = leases1;
      if (first === undefined) throw new Error('no lease');
      expect(await leases.renew(first, 5000)).toBeDefined();
      await leases.release(first);
      const again = await leases.acquireMany(['a', 'c'], 5000);
      expect(again.map(({ key }) => key)).toEqual([first.key]);
      expect(again[0]?.fence).toBeGreaterThan(first.fence);
      expect(await leases.acquireMany([], 5000)).toEqual([]);
    });

    test('a released key goes to the next who asks, with a higher fence', async () => {
      const first = await granted('a');
      await leases.release(first);
      const second = await granted('a');
      expect(second.fence).toBeGreaterThan(first.fence);
    });

    test('an expired lease goes to the next who asks, with a higher fence', async () => {
      const first = await granted('a', 1000);
      await opened.pass(1001);
      const second = await granted('a', 1000);
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(await leases.acquire('a', 1000)).toBeUndefined();
    });

    test('a key is held until its lease is released or expires', async () => {
      expect(await leases.look('a')).toMatchObject({ isHeld: false });
      const first = await granted('a', 1000);
      expect(await leases.look('a')).toMatchObject({ isHeld: true });
      expect(await leases.look('b')).toMatchObject({ isHeld: false });
      await leases.release(first);
      expect(await leases.look('a')).toMatchObject({ isHeld: false });
      await granted('a', 1000);
      await opened.pass(1001);
      expect(await leases.look('a')).toMatchObject({ isHeld: false });
    });

    test('a note stays for those that look or acquire the key, until the next release', async () => {
      const note = '{"kind":"absent"}';
      const first = await granted('a', 1000);
      expect([first.note, (await leases.look('a')).note]).toEqual([undefined, undefined]);
      await leases.release(first, note);
      expect(await leases.look('a')).toEqual({ isHeld: false, note });
      expect(await leases.look('b')).toEqual({ isHeld: false, note: undefined });
      const second = await granted('a', 1000);
      expect(second.note).toBe(note);
      const renewed = await leases.renew(second, 1000);
      if (renewed === undefined) throw new Error('the lease was lost');
      await leases.release(renewed);
      expect(await leases.look('a')).toEqual({ isHeld: false, note: undefined });
      expect((await granted('a')).note).toBeUndefined();
    });

    test('a lost lease leaves no note', async () => {
      const lost = await granted('a', 1000);
      await opened.pass(1001);
      const held = await granted('a', 1000);
      await leases.release(lost, 'late');
      expect(await leases.look('a')).toEqual({ isHeld: true, note: undefined });
      await leases.release(held, 'timely');
      expect((await leases.look('a')).note).toBe('timely');
    });

    test('a clock that was ahead keeps no key for long', async () => {
      await opened.pass(3_600_000);
      const ahead = await granted('a', longestLease);
      await opened.pass(-3_600_000);
      const isKept = holders === 'one process';
      expect(await leases.look('a')).toMatchObject({ isHeld: isKept });
      if (isKept) await opened.pass(longestLease + 1);
      const next = await granted('a');
      expect(next.fence).toBeGreaterThan(ahead.fence);
      expect(await leases.look('a')).toMatchObject({ isHeld: true });
      expect(await leases.acquire('a', 1000)).toBeUndefined();
    });

    test('a clock that is ahead by less than a life takes no key from its holder', async () => {
      await granted('a', longestLease);
      await opened.pass(-longestLease);
      expect(await leases.look('a')).toMatchObject({ isHeld: true });
      expect(await leases.acquire('a', 1000)).toBeUndefined();
    });

    test('a renewed lease lives longer and keeps its fence', async () => {
      const first = await granted('a', 1000);
      await opened.pass(600);
      const renewed = await leases.renew(first, 1000);
      expect(renewed?.fence).toBe(first.fence);
      expect(renewed?.expires).toBeGreaterThan(first.expires);
      await opened.pass(600);
      expect(await leases.acquire('a', 1000)).toBeUndefined();
      await opened.pass(600);
      expect(await leases.acquire('a', 1000)).toBeDefined();
    });

    test('a lease that was renewed can be renewed and released by either of its values', async () => {
      const first = await granted('a', 1000);
      const renewed = await leases.renew(first, 2000);
      expect(renewed && (await leases.renew(renewed, 3000))).toBeDefined();
      await leases.release(first);
      expect(await leases.acquire('a', 1000)).toBeDefined();
    });

    test('a lease is renewed by its key and its fence, in the hands of another', async () => {
      const { key, fence } = await granted('a', 1000);
      const renewed = await leases.renew({ key, fence }, 2000);
      expect(renewed).toEqual({ key, fence, expires: expect.any(Number) });
      await opened.pass(1001);
      expect(await leases.acquire('a', 1000)).toBeUndefined();
      if (renewed) await leases.release(renewed);
      expect(await leases.renew({ key, fence }, 2000)).toBeUndefined();
    });

    test('an expired lease cannot be renewed, although no other holds the key', async () => {
      const expired = await granted('a', 1000);
      await opened.pass(1001);
      expect(await leases.renew(expired, 1000)).toBeUndefined();
      expect(await leases.look('a')).toMatchObject({ isHeld: false });
      expect(await leases.acquire('a', 1000)).toBeDefined();
    });

    test('fences rise also after a restart', async () => {
      const first = await granted('a', 1000);
      await leases.release(first);
      const second = await granted('a', 1000);
      await opened.pass(1001);
      leases = await opened.reopen();
      expect((await granted('a')).fence).toBeGreaterThan(second.fence);
    });

    test('renewing a lost lease says so and has no effect on the new holder', async () => {
      const lost = await granted('a', 1000);
      await opened.pass(1001);
      await granted('a', 1000);
      expect(await leases.renew(lost, 100_000)).toBeUndefined();
      await opened.pass(1001);
      expect(await leases.acquire('a', 1000)).toBeDefined();
    });

    test('releasing a lost lease has no effect on the new holder', async () => {
      const lost = await granted('a', 1000);
      await opened.pass(1001);
      const held = await granted('a', 1000);
      await leases.release(lost);
      expect(await leases.acquire('a', 1000)).toBeUndefined();
      expect(await leases.renew(held, 1000)).toBeDefined();
    });
  });
}
