import { describe, expect, it } from 'vitest';
import {
  acrossInstances,
  writeWithRetry,
} from '../../../../functions/core/mirror/across-instances.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { type Leases, StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { attempt } from '../../../../functions/core/ports/tolerate.ts';
import { MemoryLeases } from '../../../../functions/memory/leases.ts';
import { SimulatedTime } from '../../../runtime/aws-storm/simulated-time.ts';
import { madeRandom } from './made-random.ts';

const busy = () => Promise.reject(new StoreBusy('throttled'));

/** Instances over the same leases and one result, in simulated time. */
class Instances {
  readonly time = new SimulatedTime();
  readonly began = this.time.now();
  readonly events: MirrorEvent[] = [];
  readonly asked = { acquire: 0, isHeld: 0, look: 0, work: 0 };
  /** What the work takes, in ms; undefined: it never ends. */
  takes: (time: number) => number | undefined = () => 250;
  isBusy = () => false;
  result: { readonly from: number } | undefined;
  leases: Partial<Leases> = {};
  readonly #real = new MemoryLeases(this.time.now);
  readonly #random = madeRandom(1);

  /** What one more instance gets. */
  run(): Promise<{ readonly from: number }> {
    const { asked, time } = this;
    const real = this.#real;
    const observe = (event: MirrorEvent) => {
      this.events.push(event);
    };
    const leases: Leases = {
      acquire: (key: string, life: number) => {
        asked.acquire += 1;
        return (this.leases.acquire ?? real.acquire.bind(real))(key, life);
      },
      isHeld: (key: string) => {
        asked.isHeld += 1;
        return (this.leases.isHeld ?? real.isHeld.bind(real))(key);
      },
      acquireMany: real.acquireMany.bind(real),
      renew: real.renew.bind(real),
      release: (lease: Parameters<Leases['release']>[0]) =>
        (this.leases.release ?? real.release.bind(real))(lease),
    };
    const context = {
      attempt: { leases: attempt(leases, observe) },
      runtime: {
        now: time.now,
        sleep: time.sleep,
        random: this.#random,
        observe,
        waitUntil: () => undefined,
        createHash: () => ({ update: () => undefined, hex: () => '' }),
      },
    };
    const look = async () => {
      asked.look += 1;
      return this.isBusy() ? 'busy' : this.result;
    };
    const work = async () => {
      asked.work += 1;
      const from = asked.work;
      const takes = this.takes(from);
      if (takes === undefined) return new Promise<never>(() => undefined);
      await time.sleep(takes);
      this.result = { from };
      return this.result;
    };
    return acrossInstances(context, 'manifest', look, work);
  }

  /** All that so many instances get, in the order in which they began. */
  async runAll(count: number, first = 0): Promise<readonly { readonly from: number }[]> {
    const all = Array.from({ length: count }, () => this.run());
    return this.time.until(Promise.all(all.slice(first)));
  }

  get passed(): number {
    return this.time.now() - this.began;
  }
}

describe('instances that need the same result', () => {
  it('wait by reading, and request the lease once', async () => {
    const instances = new Instances();
    const results = await instances.runAll(200);
    expect(new Set(results.map(({ from }) => from))).toEqual(new Set([1]));
    expect(instances.asked.work).toBe(1);
    expect(instances.asked.acquire).toBe(200);
    expect(instances.passed).toBeLessThan(1_000);
  });

  it('do not poll in step', async () => {
    const instances = new Instances();
    const times = new Set<number>();
    instances.takes = () => 2_000;
    instances.leases.isHeld = async () => {
      times.add(instances.time.now());
      return instances.result === undefined;
    };
    await instances.runAll(100);
    expect(times.size).toBeGreaterThan(300);
  });

  it('treat a throttled lease as held', async () => {
    const instances = new Instances();
    const first = instances.run();
    instances.leases = { acquire: busy, isHeld: busy };
    const results = await instances.runAll(50);
    expect(results.every(({ from }) => from === 1)).toBe(true);
    expect(await first).toEqual({ from: 1 });
    expect(instances.asked.work).toBe(1);
    expect(instances.events).toEqual([]);
  });

  it('let one of them take over from a holder that hangs or died', async () => {
    const instances = new Instances();
    instances.takes = (at) => (at === 1 ? undefined : 250);
    const results = await instances.runAll(50, 1);
    expect(results.every(({ from }) => from === 2)).toBe(true);
    expect(instances.asked.work).toBe(2);
    // Those who were not quick enough ask once more, and then wait again.
    expect(instances.asked.acquire).toBeLessThan(120);
    expect(instances.passed).toBeLessThan(9_000);
  });

  it('notice at once that the holder failed', async () => {
    const instances = new Instances();
    const { run } = instances;
    let failures = 0;
    instances.takes = (at) => {
      if (at > 1) return 250;
      failures += 1;
      throw new Error('the upstream is down');
    };
    const first = run.call(instances);
    const second = run.call(instances);
    await expect(instances.time.until(first)).rejects.toThrow('the upstream is down');
    expect(await instances.time.until(second)).toEqual({ from: 2 });
    expect([failures, instances.passed < 500]).toEqual([1, true]);
  });

  it('find the result of a holder that could not release its lease', async () => {
    const instances = new Instances();
    instances.leases.release = busy;
    const results = await instances.runAll(50);
    expect(results.every(({ from }) => from === 1)).toBe(true);
    expect(instances.passed).toBeLessThan(1_500);
  });

  it('read again while the store is too busy', async () => {
    const instances = new Instances();
    instances.isBusy = () => instances.passed < 3_000;
    const results = await instances.runAll(50);
    expect(results.every(({ from }) => from === 1)).toBe(true);
    expect(instances.asked.work).toBe(1);
  });

  it('do the work themselves in the end', async () => {
    const instances = new Instances();
    instances.leases = { acquire: async () => undefined, isHeld: async () => true };
    instances.takes = () => 3_000;
    expect(await instances.runAll(3)).toHaveLength(3);
    expect(instances.asked.work).toBe(3);
    expect(instances.passed).toBeGreaterThan(12_000);
    expect(instances.passed).toBeLessThan(18_000);
  });

  it('do it at once when leases cannot be read', async () => {
    const instances = new Instances();
    const failing = () => Promise.reject(new Error('no leases'));
    instances.leases = { acquire: async () => undefined, isHeld: failing };
    await instances.runAll(1);
    expect(instances.passed).toBeLessThan(400);
    const event = { kind: 'store-failed', operation: 'isHeld', reason: 'no leases' };
    expect(instances.events).toContainEqual(event);
  });
});

describe('a result that others wait for', () => {
  /** The writes that were tried, and what was told of them. */
  const run = async (results: readonly ('busy' | 'failed' | undefined)[]) => {
    const time = new SimulatedTime();
    const left = [...results];
    const events: MirrorEvent[] = [];
    const observe = (event: MirrorEvent) => events.push(event);
    const runtime = { now: time.now, sleep: time.sleep, random: () => 0.5, observe };
    const context = { runtime } as unknown as Parameters<typeof writeWithRetry>[0];
    await time.until(writeWithRetry(context, async () => left.shift()));
    return { tries: results.length - left.length, events };
  };

  it('is retried while the store is busy, but not forever', async () => {
    expect(await run(['busy', 'busy', undefined])).toEqual({ tries: 3, events: [] });
    const given = await run(['busy', 'busy', 'busy', undefined]);
    expect(given.tries).toBe(3);
    expect(given.events).toMatchObject([{ kind: 'store-failed', operation: 'write' }]);
  });

  it('is not retried when the store fails', async () => {
    expect(await run(['failed', undefined])).toEqual({ tries: 1, events: [] });
  });
});
