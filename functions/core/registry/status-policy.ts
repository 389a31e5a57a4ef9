import { policyText } from '../observe/wording.ts';
import type { PolicyReason } from '../ports/policy-reason.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { RegistryForm } from './route.ts';

/** What the client requested. */
export type Wanted = 'manifest' | 'blob' | 'tags' | 'referrers';

interface Circumstances {
  readonly wanted: Wanted;
  readonly form: RegistryForm;
}

/**
 * Clients that name the registry in one of these forms fall back to the origin at once after a 503 and
 * repeat a 429 five times. The others (dockerd) fall back after a 429 and repeat a blob's 5xx for 50 s.
 */
const fallsBackOn503: ReadonlySet<RegistryForm> = new Set(['ns', 'after-v2']);

const notFound = {
  manifest: { code: 'MANIFEST_UNKNOWN', noun: 'manifest' },
  blob: { code: 'BLOB_UNKNOWN', noun: 'blob' },
  tags: { code: 'NAME_UNKNOWN', noun: 'repository' },
  referrers: { code: 'MANIFEST_UNKNOWN', noun: 'manifest' },
} as const;

/** In seconds. podman waits for as long as Retry-After says before it falls back. */
const longestRetryAfter = 60;
const usualRetryAfter = 5;

/**
 * The refusal that makes the client fall back to the origin at once: the table "When we cannot serve"
 * of functions/README.md. Only content that is absent, or hidden from this mirror, is a 404.
 */
export function refusalOf(
  unobtained: Unobtained,
  registry: string,
  circumstances: Circumstances,
): Refusal {
  const { code, noun } = notFound[circumstances.wanted];
  const denied = `${registry} says that the repository does not exist or needs a login that this mirror does not have`;
  switch (unobtained.kind) {
    case 'absent':
      return refusal(404, code, `${registry} does not have this ${noun}`);
    case 'denied':
      return refusal(404, code, denied);
    case 'unobtainable': {
      const { kind, message, retryAfter, isRefusal } = unobtained.error;
      if (isRefusal) return refusal(404, code, `${denied} (${message})`);
      // containers/image does not fall back any more. podman 4 repeats the pull after an error of this
      // kind, and not after a 5xx; then the index is refused.
      if (unobtained.hasIndex) return refusal(424, codeOf(kind === 'limited'), message);
      return failure(circumstances, kind === 'limited', message, retryAfter);
    }
  }
}

/**
 * The refusal of a tag by a rule. dockerd falls back to its registry after a 403, and so does containerd
 * where the mirror may not resolve: only a client without a fallback is bound by it.
 */
export function refusalOfRule(reason: PolicyReason, registry: string): Refusal {
  const message = policyText(reason, registry);
  if (reason.kind === 'unknown-date') return refusal(404, 'MANIFEST_UNKNOWN', message);
  return refusal(403, 'DENIED', message);
}

function codeOf(isLimited: boolean) {
  return isLimited ? 'TOOMANYREQUESTS' : 'UNAVAILABLE';
}

/** The refusal when this mirror itself failed: as if the upstream were down. */
export function refusalOfFailure(circumstances: Circumstances): Refusal {
  return failure(circumstances, false, 'this mirror failed to answer', undefined);
}

/**
 * The refusal when a client is over a limit of this mirror, as if the upstream were limited. `reset` is in
 * seconds; undefined if waiting does not help. `hasIndex` as in `Unobtained`.
 */
export function refusalOfLimit(
  circumstances: Circumstances,
  message: string,
  reset: number | undefined,
  hasIndex: boolean,
): Refusal {
  if (hasIndex) return refusal(424, codeOf(true), message);
  return failure(circumstances, true, message, reset);
}

function failure(
  { wanted, form }: Circumstances,
  isLimited: boolean,
  message: string,
  retryAfter = usualRetryAfter,
): Refusal {
  const code = codeOf(isLimited);
  if (fallsBackOn503.has(form)) {
    const seconds = Math.min(Math.max(Math.ceil(retryAfter), 1), longestRetryAfter);
    return { status: 503, code, message, retryAfter: seconds };
  }
  if (isLimited || wanted === 'blob') {
    return { status: 429, code: 'TOOMANYREQUESTS', message, retryAfter: 1 };
  }
  return refusal(503, code, message);
}
