import type { Lease } from '../ports/leases.ts';
import type { Consistency } from '../ports/manifest-store.ts';
import type { Context } from './context.ts';

/**
 * How long an instance is believed to be at work, in ms. Less than the patience of those who wait: of
 * one that died or hangs, one takes over, and not all.
 */
const leaseLife = 6_000;

/** How long the others wait for it before they do the work themselves, in ms. */
const patience = 12_000;

const firstPause = 20;
const longestPause = 1_000;

/**
 * From this pause on the result is looked for while the lease is held as well: its holder may have
 * had no time, or no write left, to release it.
 */
const lookPause = 320;

/** What the work of several instances takes. */
type Instances = Pick<Context, 'runtime'> & {
  readonly attempt: Pick<Context['attempt'], 'leases'>;
};

/** Reads the result of a piece of work; `busy` when the store may have it a moment later. */
export type Look<Result> = (consistency: Consistency) => Promise<Result | 'busy' | undefined>;

/**
 * Lets one of all instances do a piece of work, and the others find its result with `look`. Where
 * the leases cannot be had everyone does the work: that costs requests, not pulls.
 *
 * Thousands of instances may wait for one key, and a store takes a thousand writes of a key a
 * second. So they wait by reading, at times of their own, and ask for the lease only when it is free
 * and there is no result.
 */
export async function acrossInstances<Result extends object>(
  context: Instances,
  key: string,
  look: Look<Result>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { runtime } = context;
  const giveUp = runtime.now() + patience;
  let lease = await acquireLease(context, key, leaseLife);
  for (let pause = firstPause; lease === undefined; pause = Math.min(pause * 2, longestPause)) {
    if (runtime.now() >= giveUp) return work();
    await pauseFor(context, pause);
    const isHeld = await isLeaseHeld(context, key);
    if (isHeld === 'failed') return work();
    if (isHeld && pause < lookPause) continue;
    // The holder releases the lease after it wrote its result.
    const found = await look(isHeld ? 'eventual' : 'strong');
    if (found === 'busy') continue;
    if (found !== undefined) return found;
    if (!isHeld) lease = await acquireLease(context, key, leaseLife);
  }
  return lease === 'failed' ? work() : workBy(context, lease, look, work);
}

async function workBy<Result extends object>(
  context: Instances,
  lease: Lease,
  look: Look<Result>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    // The one before may have ended since the caller looked.
    const found = await look('strong');
    return found === undefined || found === 'busy' ? await work() : found;
  } finally {
    context.runtime.waitUntil(writePatiently(context, () => context.attempt.leases.release(lease)));
  }
}

/**
 * A lease for so many ms; undefined while another holds it, or so many ask that one of them must
 * hold it; `failed` where none can be had.
 */
export function acquireLease(
  { attempt }: Pick<Instances, 'attempt'>,
  key: string,
  milliseconds: number,
): Promise<Lease | 'failed' | undefined> {
  return attempt.leases.acquire(key, milliseconds).then(unlessBusy(undefined));
}

/** Whether another holds a lease, as far as can be told by a read; `failed` where it cannot. */
function isLeaseHeld(
  { attempt }: Pick<Instances, 'attempt'>,
  key: string,
): Promise<boolean | 'failed'> {
  return attempt.leases.isHeld(key).then(unlessBusy(true));
}

/** A herd is no reason to go without leases: it is what they are for. */
function unlessBusy<Held>(held: Held): <Result>(result: Result | 'busy') => Result | Held {
  return (result) => (result === 'busy' ? held : result);
}

/** How often a write is tried that others wait for, and about how long after one another, in ms. */
const mostTries = 3;
const busyPause = 1_000;

/** Sleeps for half to one and a half of so many ms: those who began together do not stay together. */
export function pauseFor(
  { runtime }: Pick<Context, 'runtime'>,
  milliseconds: number,
): Promise<void> {
  return runtime.sleep(milliseconds * (0.5 + runtime.random()));
}

/**
 * Writes what other instances wait for by way of an attempted port, also when they keep the store
 * busy by looking for it: were it lost, each of them in turn would do the work again. Does not reject.
 */
export async function writePatiently(
  context: Pick<Context, 'runtime'>,
  write: () => Promise<unknown>,
): Promise<void> {
  for (let tries = 1; (await write()) === 'busy'; tries++) {
    if (tries === mostTries) {
      const reason = 'too many instances ask the store at once';
      context.runtime.observe({ kind: 'store-failed', operation: 'write', reason });
      return;
    }
    await pauseFor(context, busyPause);
  }
}
