import type { RateLimit } from '../headers/rate-limit.ts';

/** What is left alone after a failure: all of a registry, one repository, or a host beside it. */
export type BackoffScope = 'registry' | 'repository' | 'token-service' | 'blob-host';

/** What the mirror tells of its work, for logs and metrics. Holds no secret. */
export type MirrorEvent =
  | UpstreamEvent
  | {
      readonly kind: 'fill';
      /** As `docker.io/library/alpine`. */
      readonly repository: string;
      readonly digest: string;
      readonly outcome: 'stored' | 'paused' | 'mismatch' | 'refused' | 'failed' | 'stopped';
      /** Read from the upstream. */
      readonly bytes: number;
      readonly milliseconds: number;
      readonly reason: string | undefined;
    }
  /** It failed: for a while who has a copy of something does not wait for it. */
  | {
      readonly kind: 'backed-off';
      readonly registry: string;
      readonly scope: BackoffScope;
      /** Who failed; undefined of a registry as a whole. */
      readonly host: string | undefined;
      /** The only repository that it concerns; undefined: all that use it. */
      readonly repository: string | undefined;
      readonly milliseconds: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'answers-again';
      readonly registry: string;
      readonly scope: BackoffScope;
      readonly host: string | undefined;
      readonly repository: string | undefined;
    }
  /** Bytes passed on from an upstream without being stored. */
  | { readonly kind: 'passed-through'; readonly repository: string; readonly bytes: number }
  /** A store failed and the mirror went on without it. */
  | { readonly kind: 'store-failed'; readonly operation: string; readonly reason: string }
  | {
      readonly kind: 'evicted';
      readonly manifests: number;
      readonly blobs: number;
      readonly bytes: number;
    };

/** What a request to an upstream was for. */
export type UpstreamPurpose = 'ping' | 'token' | 'manifest' | 'blob' | 'tags' | 'referrers';

/** Whom an upstream counts: the configured account, or whoever asks from the mirror's address. */
type CountedCredentials = 'anonymous' | 'account';

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
