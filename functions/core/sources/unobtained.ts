import type { UpstreamError } from '../ports/upstream-error.ts';

/** Why content cannot be had. */
export type Unobtained =
  /** The upstream says that it does not exist. */
  | { readonly kind: 'absent' }
  /** The upstream does not let this mirror read it. */
  | { readonly kind: 'denied' }
  /** The upstream failed, and the mirror has no copy to serve instead. */
  | {
      readonly kind: 'unobtainable';
      readonly error: UpstreamError;
      /** True if the client has an index from this mirror that names the content. */
      readonly hasIndex?: boolean;
    };
