import type { RateLimit } from '../oci/rate-limit.ts';

/** What a request to an upstream was for. */
export type UpstreamPurpose = 'ping' | 'token' | 'manifest' | 'blob' | 'tags' | 'referrers';

/** Whom an upstream counts: the configured account, or whoever asks from the mirror's address. */
export type CountedCredentials = 'anonymous' | 'account';

/** What the client tells of its work, for logs, metrics and the ledger. Holds no secret. */
export type UpstreamEvent =
  | {
      readonly kind: 'upstream-request';
      readonly registry: string;
      readonly purpose: UpstreamPurpose;
      readonly method: 'GET' | 'HEAD';
      /** The repository's name; undefined for a ping. */
      readonly name: string | undefined;
      /** The HTTP status of the final answer, or the kind of UpstreamError when there was none. */
      readonly status: number | string;
      /** Until the headers were there. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'rate-limit';
      readonly registry: string;
      /** Whose limit it is. Not the account's name: others read the logs and the metrics. */
      readonly credentials: CountedCredentials;
      readonly rate: RateLimit;
    };
