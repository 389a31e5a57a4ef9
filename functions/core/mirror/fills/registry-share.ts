import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { leaseLife } from './fill-lease.ts';

/** The longest pause of a deferred job, in seconds: it doubles with each deferral. */
const longestDeferral = 300;

/** The largest doubling that counts; the pause is at its longest long before. */
const mostDoublings = 10;

/** A deferral. */
type Deferred = Extract<FillOutcome, { kind: 'deferred' }>;

/** One of the places that a registry has among the fills of all instances. */
export interface FillPlace {
  release(): Promise<void>;
}

/** How many of this many fills at once may be of one registry: all but a fifth, and at least one. */
function shareOf(concurrency: number): number {
  return Math.max(1, concurrency - Math.ceil(concurrency / 5));
}

const unlimited: FillPlace = { release: async () => undefined };

/**
 * Takes one of a registry's places: a lease, renewed until it is released. Undefined while other fills
 * hold all of them. Without `concurrency`, how many fills all instances run at once, and if leases are
 * unavailable, fills are not limited.
 */
export async function takePlace(
  context: Pick<Context, 'attempt' | 'leases' | 'runtime'>,
  registry: string,
  concurrency: number | undefined,
): Promise<FillPlace | undefined> {
  if (concurrency === undefined) return unlimited;
  const places = shareOf(concurrency);
  const { leases, runtime } = context;
  const first = Math.floor(runtime.random() * places);
  for (let at = 0; at < places; at++) {
    const key = `fill-place:${registry}:${(first + at) % places}`;
    const lease = await acquireLease(context, key, leaseLife);
    if (lease === undefined) continue;
    if (lease === 'failed') return unlimited;
    const renew = async () => void (await leases.renew(lease, leaseLife));
    const heartbeat = setInterval(() => runtime.waitUntil(renew()), leaseLife / 3);
    return {
      async release() {
        clearInterval(heartbeat);
        await leases.release(lease);
      },
    };
  }
  return undefined;
}

/** Defers a job that found no place. `random` is from 0 to 1: the jobs come back at different times. */
export function defer(job: FillJob, random: number): Deferred {
  const doublings = Math.min(job.deferrals ?? 0, mostDoublings);
  const afterSeconds = Math.min(2 ** doublings, longestDeferral) * (0.5 + random);
  return {
    kind: 'deferred',
    afterSeconds,
    reason: `other fills of ${job.repository.registry} run`,
  };
}

/** A deferred job as the queue delivers it again. */
export function deferredJob(job: FillJob): FillJob {
  return { ...job, deferrals: (job.deferrals ?? 0) + 1 };
}
