import type { Lease } from '../../ports/leases.ts';
import type { Parts } from '../parts.ts';
import { goOnWithout } from './go-on-without.ts';

/** A lease for so many ms; undefined while another holds it, `failed` where none can be had. */
export async function acquireLease(
  parts: Pick<Parts, 'leases' | 'runtime'>,
  key: string,
  milliseconds: number,
): Promise<Lease | 'failed' | undefined> {
  let failed = false;
  const asked = parts.leases.acquire(key, milliseconds).catch((error: unknown) => {
    failed = true;
    throw error;
  });
  const lease = await goOnWithout(parts, 'acquire lease', asked);
  return failed ? 'failed' : lease;
}
