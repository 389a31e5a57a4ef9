import { describe, expect, it } from 'vitest';
import {
  acrossInstances,
  writeWithRetry,
} from '../../../../functions/core/mirror/across-instances.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { type Leases, StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { attempt } from '../../../../functions/core/ports/tolerate.ts';
import type { Refused } from '../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { MemoryLeases } from '../../../../functions/memory/leases.ts';
import { SimulatedTime } from '../../../runtime/aws-storm/simulated-time.ts';
import { madeRandom } from './made-random.ts';

const busy = () => Promise.reject(new StoreBusy('throttled'));

/** Instances over the same leases and one result, in simulated time. */
class Instances {
  readonly time = new SimulatedTime();
  readonly began = this.time.now();
  readonly events: MirrorEvent[] = [];
  readonly asked = { acquire: 0, look: 0, read: 0, work: 0 };
  /** What the work takes, in ms; undefined: it never ends. */
  takes: (time: number) => number | undefined = () => 250;
  isBusy = () => false;
  /** How far the clock is set back, in ms. */
  setBack = () => 0;
  refuses = false;
  since: number | undefined;
  result: { readonly from: number } | undefined;
  /** How long the store takes to write the answer, in ms. */
  writes = 0;
  leases: Partial<Leases> = {};
  readonly #real = new MemoryLeases(this.time.now);
  readonly #random = madeRandom(1);

  /** What one more instance gets. */
  async run(): Promise<{ readonly from: number }> {
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
      look: (key: string) => {
        asked.look += 1;
        return (this.leases.look ?? real.look.bind(real))(key);
      },
      acquireMany: real.acquireMany.bind(real),
      renew: real.renew.bind(real),
      release: (...ask: Parameters<Leases['release']>) =>
        (this.leases.release ?? real.release.bind(real))(...ask),
    };
    const context = {
      attempt: { leases: attempt(leases, observe) },
      runtime: {
        now: () => time.now() - this.setBack(),
        sleep: time.sleep,
        random: this.#random,
        observe,
        waitUntil: () => undefined,
        createHash: () => ({ update: () => undefined, hex: () => '' }),
      },
    };
    const read = async () => {
      asked.read += 1;
      return this.isBusy() ? 'busy' : this.result;
    };
    const work = async (answered: () => void): Promise<{ readonly from: number } | Refused> => {
      asked.work += 1;
      const from = asked.work;
      const takes = this.takes(from);
      if (takes === undefined) return new Promise<never>(() => undefined);
      await time.sleep(takes);
      if (this.refuses) return { kind: 'absent' };
      answered();
      await time.sleep(this.writes);
      this.result = { from };
      return this.result;
    };
    const outcome = await acrossInstances(context, 'manifest', read, work, this.since);
    if ('kind' in outcome) throw new Error(outcome.kind);
    return outcome;
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
    instances.leases.look = async () => {
      times.add(instances.time.now());
      return { isHeld: instances.result === undefined, note: undefined };
    };
    await instances.runAll(100);
    expect(times.size).toBeGreaterThan(300);
  });

  it('treat a throttled lease as held', async () => {
    const instances = new Instances();
    const first = instances.run();
    instances.leases = { acquire: busy, look: busy };
    const results = await instances.runAll(50);
    expect(results.every(({ from }) => from === 1)).toBe(true);
    expect(await first).toEqual({ from: 1 });
    expect(instances.asked.work).toBe(1);
    expect(instances.events).toEqual([]);
  });

  it('wait no longer when the clock is set back', async () => {
    const instances = new Instances();
    instances.leases = {
      acquire: async () => undefined,
      look: async () => ({ isHeld: true, note: undefined }),
    };
    instances.setBack = () => (instances.passed > 5_000 ? 3_600_000 : 0);
    expect(await instances.runAll(1)).toEqual([{ from: 1 }]);
    expect(instances.passed).toBeLessThan(16_000);
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

  it('do not take over while a slow store is written', async () => {
    const instances = new Instances();
    instances.takes = () => 4_000;
    instances.writes = 5_000;
    const results = await instances.runAll(50);
    expect(results.every((result) => 'from' in result && result.from === 1)).toBe(true);
    expect(instances.asked.work).toBe(1);
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

  it('share a refusal, which no index holds', async () => {
    const instances = new Instances();
    instances.refuses = true;
    const runs = Array.from({ length: 200 }, () => instances.run().catch(String));
    const outcomes = await instances.time.until(Promise.all(runs));
    expect(new Set(outcomes)).toEqual(new Set(['Error: absent']));
    expect([instances.asked.work, instances.passed < 2_000]).toEqual([1, true]);
    // Whoever comes later asks again, or is content with the refusal while it is remembered.
    await expect(instances.time.until(instances.run())).rejects.toThrow('absent');
    expect(instances.asked.work).toBe(2);
    instances.since = instances.began;
    await expect(instances.time.until(instances.run())).rejects.toThrow('absent');
    expect(instances.asked.work).toBe(2);
    await instances.time.until(instances.time.sleep(20_001));
    await expect(instances.time.until(instances.run())).rejects.toThrow('absent');
    expect(instances.asked.work).toBe(3);
  });

  it('share a failure of the upstream', async () => {
    const instances = new Instances();
    instances.takes = () => {
      throw new UpstreamError('limited', 'too many requests', { status: 429, retryAfter: 7 });
    };
    const failure = (error: unknown) => error;
    const runs = Array.from({ length: 200 }, () => instances.run().catch(failure));
    for (const error of await instances.time.until(Promise.all(runs))) {
      const expected = { kind: 'limited', message: 'too many requests', retryAfter: 7 };
      expect(error).toMatchObject(expected);
    }
    expect(instances.asked.work).toBe(1);
    // Whoever comes later tries.
    instances.takes = () => 250;
    expect(await instances.time.until(instances.run())).toEqual({ from: 2 });
  });

  it('try themselves, and not in turn, when one fails by what may be its own fault', async () => {
    const instances = new Instances();
    instances.takes = () => {
      throw new UpstreamError('unreachable', 'no network');
    };
    const runs = Array.from({ length: 200 }, () => instances.run().catch(String));
    const outcomes = await instances.time.until(Promise.all(runs));
    expect(new Set(outcomes)).toEqual(new Set(['UpstreamError: no network']));
    expect(instances.passed).toBeLessThan(1_000);
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
    instances.leases = {
      acquire: async () => undefined,
      look: async () => ({ isHeld: true, note: undefined }),
    };
    instances.takes = () => 3_000;
    expect(await instances.runAll(3)).toHaveLength(3);
    expect(instances.asked.work).toBe(3);
    expect(instances.passed).toBeGreaterThan(12_000);
    expect(instances.passed).toBeLessThan(18_000);
  });

  it('do it at once when leases cannot be read', async () => {
    const instances = new Instances();
    const failing = () => Promise.reject(new Error('no leases'));
    instances.leases = { acquire: async () => undefined, look: failing };
    await instances.runAll(1);
    expect(instances.passed).toBeLessThan(400);
    const event = { kind: 'store-failed', operation: 'look', reason: 'no leases' };
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
