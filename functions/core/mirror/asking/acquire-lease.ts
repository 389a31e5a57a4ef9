import type { Lease } from '../../ports/leases.ts';
import { StoreBusy } from '../../ports/store-busy.ts';
import { orFailed } from '../../ports/tolerate.ts';
import type { Parts } from '../context.ts';

/**
 * A lease for so many ms; undefined while another holds it, or so many ask that one of them must
 * hold it; `failed` where none can be had.
 */
export function acquireLease(
  parts: Pick<Parts, 'leases' | 'runtime'>,
  key: string,
  milliseconds: number,
): Promise<Lease | 'failed' | undefined> {
  const asked = parts.leases.acquire(key, milliseconds).catch(unlessBusy(undefined));
  return orFailed(parts, 'acquire lease', asked);
}

/** Whether another holds a lease, as far as can be told by a read; `failed` where it cannot. */
export function isLeaseHeld(
  parts: Pick<Parts, 'leases' | 'runtime'>,
  key: string,
): Promise<boolean | 'failed'> {
  return orFailed(parts, 'read lease', parts.leases.isHeld(key).catch(unlessBusy(true)));
}

/** A herd is no reason to go without leases: it is what they are for. */
function unlessBusy<Held>(held: Held): (error: unknown) => Held {
  return (error) => {
    if (error instanceof StoreBusy) return held;
    throw error;
  };
}
