import type { Unobtained } from '../sources/source.ts';
import { type Refusal, refusal } from './refusal.ts';

/** What could not be had. */
export type Wanted = 'manifest' | 'blob' | 'tags' | 'referrers';

/** The circumstances that the answer depends on. */
export interface Circumstances {
  readonly wanted: Wanted;
  /** The registry that was asked, for the message. */
  readonly registry: string;
  /**
   * True when the query named the registry. Clients that do so (containerd, BuildKit) go to the
   * origin at once after a 503 and repeat a 429 five times; those that do not (dockerd, podman)
   * go to the origin after a 429, and dockerd repeats a blob's 5xx for 50 s.
   */
  readonly hasNs: boolean;
}

const unknownCode = {
  manifest: 'MANIFEST_UNKNOWN',
  blob: 'BLOB_UNKNOWN',
  tags: 'NAME_UNKNOWN',
  referrers: 'MANIFEST_UNKNOWN',
} as const;

/** podman waits as long as Retry-After says before it turns to the origin, so: seconds. */
const longestRetryAfter = 60;
const usualRetryAfter = 5;

/**
 * How to say that something cannot be served, so that the client turns to the origin at once:
 * the table "When we cannot serve" of functions/README.md. Only what is truly absent, or hidden
 * from this mirror, is a 404.
 */
export function refusalOf(unobtained: Unobtained, circumstances: Circumstances): Refusal {
  const { wanted, registry } = circumstances;
  switch (unobtained.kind) {
    case 'absent':
      return {
        status: 404,
        code: unknownCode[wanted],
        message: `${registry} does not have this ${inWords[wanted]}`,
      };
    case 'denied':
      return {
        status: 404,
        code: unknownCode[wanted],
        message: `${registry} says that the repository does not exist or needs a login that this mirror does not have`,
      };
    case 'unobtainable': {
      const { kind, message, retryAfter } = unobtained.error;
      return failure(circumstances, kind === 'limited', message, retryAfter);
    }
  }
}

const inWords = {
  manifest: 'manifest',
  blob: 'blob',
  tags: 'repository',
  referrers: 'manifest',
} as const;

/** The answer when this mirror itself failed: as if the upstream were down. */
export function refusalOfFailure(circumstances: Circumstances): Refusal {
  return failure(circumstances, false, 'this mirror failed to answer', undefined);
}

function failure(
  circumstances: Circumstances,
  isLimited: boolean,
  message: string,
  retryAfter: number | undefined,
): Refusal {
  const code = isLimited ? 'TOOMANYREQUESTS' : 'UNAVAILABLE';
  if (circumstances.hasNs) {
    return { status: 503, code, message, retryAfter: clamped(retryAfter ?? usualRetryAfter) };
  }
  if (isLimited || circumstances.wanted === 'blob') {
    return { status: 429, code: 'TOOMANYREQUESTS', message, retryAfter: 1 };
  }
  return refusal(503, code, message);
}

function clamped(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 1), longestRetryAfter);
}
