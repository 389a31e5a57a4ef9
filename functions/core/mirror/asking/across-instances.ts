import type { Parts } from '../parts.ts';
import { acquireLease } from './acquire-lease.ts';
import { goOnWithout } from './go-on-without.ts';
import { pauseFor } from './pause.ts';

/** How long an instance is believed to be at work without a sign of it, in ms. */
const leaseLife = 15_000;

/** How long the others wait for it before they do the work themselves, in ms. */
const patience = 12_000;

const firstPause = 20;
const longestPause = 400;

/**
 * Lets one of all instances do a piece of work, and the others find its result with `look`. Where
 * the leases cannot be had everyone does the work: that costs requests, not pulls.
 */
export async function acrossInstances<Result>(
  parts: Pick<Parts, 'leases' | 'runtime'>,
  key: string,
  look: () => Promise<Result | undefined>,
  work: () => Promise<Result>,
): Promise<Result> {
  const giveUp = parts.runtime.now() + patience;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const lease = await acquireLease(parts, key, leaseLife);
    if (lease === 'failed') return work();
    if (lease !== undefined) {
      try {
        // The one before may have ended since the caller looked.
        return (await look()) ?? (await work());
      } finally {
        const released = parts.leases.release(lease);
        parts.runtime.waitUntil(goOnWithout(parts, 'release lease', released));
      }
    }
    if (parts.runtime.now() >= giveUp) return work();
    await pauseFor(parts, pause);
    const found = await look();
    if (found !== undefined) return found;
  }
}
