import { type CircuitKind, circuitKinds } from '../../ports/ledger.ts';
import { isOpen, type OwnerState } from './circuits.ts';
import type { Spenders } from './shared-spending.ts';

/** What is left of one account's limit, for status pages and metrics. */
export interface BudgetReport extends Spenders {
  readonly registry: string;
  /** `anonymous`, or the account's label or position. */
  readonly account: string;
  /** What the registry said last, and when, in ms since 1970; undefined if it said nothing. */
  readonly rate: OwnerState['rate'];
  /** The open circuits, each with its end in ms since 1970. */
  readonly open: readonly { readonly circuit: CircuitKind; readonly until: number }[];
  readonly isBelowReserve: boolean;
  /** At the present speed of all clients of this account; undefined if unknown or never. */
  readonly hoursUntilDry: number | undefined;
}

/** The circuits that are open at a time in ms since 1970. */
export function openCircuits({ circuits }: OwnerState, now: number): BudgetReport['open'] {
  return circuitKinds.flatMap((circuit) => {
    const { [circuit]: one } = circuits;
    return isOpen(one, now) ? [{ circuit, until: one.until }] : [];
  });
}
