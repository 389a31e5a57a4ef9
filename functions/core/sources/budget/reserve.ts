import { isOpen, type OwnerState } from './circuits.ts';

/** A report that is older says nothing about now, in ms. */
const reportLife = 3_600_000;

/**
 * True if a manifest may be pulled that no client waits for: more than the reserve (a share of the limit)
 * is left. Also true if the registry does not say what is left, as for accounts without a limit.
 */
export function mayPullAhead(
  { rate, circuits }: OwnerState,
  reserve: number,
  now: number,
): boolean {
  if (Object.values(circuits).some((circuit) => isOpen(circuit, now))) return false;
  return rate === undefined || !isBelowReserve({ rate, circuits }, reserve, now);
}

/** True if a recent report says that less than the reserve is left. */
export function isBelowReserve({ rate }: OwnerState, reserve: number, now: number): boolean {
  if (rate === undefined || now < rate.seen) return false;
  const { windowSeconds } = rate;
  const life = windowSeconds === undefined ? reportLife : windowSeconds * 1000;
  return now - rate.seen < life && rate.remaining <= rate.limit * reserve;
}
