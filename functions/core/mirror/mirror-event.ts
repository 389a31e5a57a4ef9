import type { UpstreamEvent } from '../upstream/upstream-event.ts';

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
