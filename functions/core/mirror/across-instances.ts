import { steadyClock } from '../concurrency/steady-clock.ts';
import type { Consistency } from '../ports/consistency.ts';
import type { Lease, LeaseState } from '../ports/leases.ts';
import type { Context } from './context.ts';
import {
  type LeaseNote,
  type NotedRefusal,
  noteOfError,
  noteOfResult,
  readNote,
} from './lease-note.ts';

/**
 * How long a lease lasts, in ms. Shorter than `patience`, so that one waiting instance takes over from a
 * holder that died or hangs, and not all at once.
 */
const leaseLife = 6_000;

/** How long an instance waits for the result before it does the work itself, in ms. */
const patience = 12_000;

const firstPause = 20;
const longestPause = 1_000;

/**
 * From this pause on, instances also read the result while the lease is held: the holder may have
 * been unable to release it.
 */
const readPause = 320;

type LeaseContext = Pick<Context, 'runtime'> & {
  readonly attempt: Pick<Context['attempt'], 'leases'>;
};

/** Reads the result of a piece of work; `busy` if the store was too busy to say. */
export type ReadResult<Result> = (consistency: Consistency) => Promise<Result | 'busy' | undefined>;

/** Called when the answer is here and only has to be written: the lease then lasts until it is. */
export type Answered = () => void;

/**
 * Lets one of all instances do a piece of work while the others wait for its result, or for the note of
 * a refusal or a failure. If leases are unavailable, every instance does the work: that costs upstream
 * requests, but breaks no pull. Refusals are used if received after `since` (ms since 1970); by default, those received meanwhile.
 *
 * Thousands of instances may wait for one key, but a store accepts about a thousand writes to a key per
 * second. They therefore poll with reads at random intervals, and try to take the lease only when it is
 * free and there is no result.
 */
export async function acrossInstances<Result extends object>(
  context: LeaseContext,
  key: string,
  readResult: ReadResult<Result>,
  work: (answered: Answered) => Promise<Result>,
  since = context.runtime.now(),
): Promise<Result | NotedRefusal> {
  const { runtime } = context;
  const note = notesSince(runtime, since);
  // The clock may be set back while it waits.
  const clock = steadyClock(() => runtime.now());
  const deadline = clock() + patience;
  let lease = await acquireLease(context, key, leaseLife);
  for (let pause = firstPause; lease === undefined; pause = Math.min(pause * 2, longestPause)) {
    if (clock() >= deadline) return work(ignored);
    await pauseFor(context, pause);
    const state = await lookAtLease(context, key);
    if (state === 'failed') return work(ignored);
    const { isHeld } = state;
    if (isHeld && pause < readPause) continue;
    // The holder releases the lease after it wrote its result.
    const result = await readResult(isHeld ? 'eventual' : 'strong');
    if (result === 'busy') continue;
    if (result !== undefined) return result;
    if (isHeld) continue;
    const left = note(state.note);
    if (left?.kind === 'failed') throw left.error;
    if (left?.kind === 'unanswered') return work(ignored);
    if (left !== undefined) return left;
    lease = await acquireLease(context, key, leaseLife);
  }
  if (lease === 'failed') return work(ignored);
  return workWith(context, lease, readResult, work, note);
}

/**
 * The same for work that nothing waits for: undefined if another instance is doing it.
 */
export async function unlessElsewhere<Result extends object>(
  context: LeaseContext,
  key: string,
  readResult: ReadResult<Result>,
  work: (answered: Answered) => Promise<Result>,
  since: number,
): Promise<Result | NotedRefusal | undefined> {
  const lease = await acquireLease(context, key, leaseLife);
  if (lease === undefined) return undefined;
  if (lease === 'failed') return work(ignored);
  return workWith(context, lease, readResult, work, notesSince(context.runtime, since));
}

type ReadNote = (text: string | undefined) => LeaseNote | undefined;

/** Reads notes, and ignores refusals received before `since` (ms since 1970). */
function notesSince(runtime: LeaseContext['runtime'], since: number): ReadNote {
  return (text) => {
    const read = readNote(text, runtime.now());
    return read !== undefined && 'at' in read && read.at <= since ? undefined : read;
  };
}

/** Does the work as the holder of its lease. */
async function workWith<Result extends object>(
  context: LeaseContext,
  lease: Lease,
  readResult: ReadResult<Result>,
  work: (answered: Answered) => Promise<Result>,
  note: ReadNote,
): Promise<Result | NotedRefusal> {
  const { runtime } = context;
  const held = new KeptLease(context, lease);
  let kept: string | undefined;
  try {
    // The previous holder may have finished since the caller last read.
    const result = await readResult('strong');
    if (result !== undefined && result !== 'busy') return result;
    const left = note(lease.note);
    if (left !== undefined && 'at' in left) {
      kept = lease.note;
      return left;
    }
    const done = await work(() => held.keep());
    kept = noteOfResult(done, runtime.now());
    return done;
  } catch (error) {
    kept = noteOfError(error, runtime.now());
    throw error;
  } finally {
    runtime.waitUntil(held.release(kept));
  }
}

const ignored: Answered = () => undefined;

/**
 * The lease of the holder. While an upstream is silent it expires, so that another instance asks; once the
 * answer is here it must not, or another would ask again while a slow store is written.
 */
class KeptLease {
  readonly #context: LeaseContext;
  readonly #lease: Lease;
  #renewing: Promise<void> = Promise.resolve();
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(context: LeaseContext, lease: Lease) {
    this.#context = context;
    this.#lease = lease;
  }

  keep(): void {
    if (this.#heartbeat !== undefined) return;
    this.#heartbeat = setInterval(() => this.#renew(), leaseLife / 3);
    const left = this.#lease.expires - this.#context.runtime.now();
    if (left < leaseLife / 2) this.#renew();
  }

  async release(note: string | undefined): Promise<void> {
    clearInterval(this.#heartbeat);
    const { attempt } = this.#context;
    await this.#renewing;
    await writeWithRetry(this.#context, () => attempt.leases.release(this.#lease, note));
  }

  #renew(): void {
    const { attempt, runtime } = this.#context;
    // A renewed lease keeps its fence, which is what the next renewal and the release need.
    this.#renewing = this.#renewing.then(async () => {
      await attempt.leases.renew(this.#lease, leaseLife);
    });
    runtime.waitUntil(this.#renewing);
  }
}

// A throttled lease counts as held: only many instances at once make the store busy, and one of them
// must hold it.

/** Acquires a lease; undefined while another instance holds it, `failed` if leases are unavailable. */
export async function acquireLease(
  { attempt }: Pick<LeaseContext, 'attempt'>,
  key: string,
  milliseconds: number,
): Promise<Lease | 'failed' | undefined> {
  const lease = await attempt.leases.acquire(key, milliseconds);
  return lease === 'busy' ? undefined : lease;
}

async function lookAtLease(
  { attempt }: Pick<LeaseContext, 'attempt'>,
  key: string,
): Promise<LeaseState | 'failed'> {
  const state = await attempt.leases.look(key);
  return state === 'busy' ? { isHeld: true, note: undefined } : state;
}

const mostTries = 3;
/** In ms. */
const busyPause = 1_000;

/** Sleeps for half to one and a half times `milliseconds`, so that instances spread out. */
export function pauseFor(
  { runtime }: Pick<Context, 'runtime'>,
  milliseconds: number,
): Promise<void> {
  return runtime.sleep(milliseconds * (0.5 + runtime.random()));
}

/**
 * Writes a result that other instances wait for, through an attempted port. Their reads may keep the
 * store busy, and if the write were lost, each of them would do the work again. Does not reject.
 */
export async function writeWithRetry(
  context: Pick<Context, 'runtime'>,
  write: () => Promise<unknown>,
): Promise<void> {
  for (let tries = 1; (await write()) === 'busy'; tries++) {
    if (tries === mostTries) {
      const reason = 'the store throttled every try';
      context.runtime.observe({ kind: 'store-failed', operation: 'write', reason });
      return;
    }
    await pauseFor(context, busyPause);
  }
}
