import type { Client } from '../clients/clients.ts';

/** Where a request came from. */
export interface RequestOrigin {
  /** Who sent it; undefined if unknown. */
  readonly client?: Client | undefined;
  /** True for a fill, which no client waits for yet. */
  readonly isBackground?: boolean;
  /** Cancels its requests. */
  readonly signal?: AbortSignal;
}
