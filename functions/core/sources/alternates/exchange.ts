import type { Digest } from '../../oci/digest.ts';
import type { BlobOpening } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Alternate, AlternateSource } from './alternate.ts';
import type { RegistryState } from './plan.ts';

/** A request to the registry; the signal cancels it. */
export type AskRegistry<Result> = (signal: AbortSignal) => Promise<Result>;

/** What an exchange is about. */
export interface Exchange<Result> {
  readonly digest: Digest;
  readonly state: Omit<RegistryState, 'breaks'>;
  readonly isPull: boolean;
  readonly registry: AskRegistry<Result>;
  readonly alternate: (source: AlternateSource) => Promise<Result>;
  /** Rejects if the alternates must not be asked. */
  readonly permit?: (() => Promise<void>) | undefined;
  /** How often the registry's bodies of this blob broke off. */
  readonly breaks?: number | undefined;
  /** Called with the alternate's answer that is used, which it may change. */
  readonly accept?: (result: Result, alternate: Alternate) => Result;
  readonly drop?: (unused: Result) => void;
}

/** A fill ends for good at another size than the manifest's, so it counts as the alternate's failure. */
export function checkSize(
  opening: BlobOpening,
  size: number | undefined,
  digest: Digest,
): BlobOpening {
  if (opening.kind !== 'found' || size === undefined) return opening;
  if (opening.size === undefined || opening.size === size) return opening;
  cancel(opening);
  throw new UpstreamError(
    'invalid',
    `the alternate's ${digest} has ${opening.size} bytes, not ${size}`,
  );
}

/** Drops an answer that is not used. */
export function cancel(opening: BlobOpening): void {
  if (opening.kind === 'found') opening.body.cancel().catch(() => undefined);
}
