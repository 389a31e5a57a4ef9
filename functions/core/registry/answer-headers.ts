import { entityTag } from '../headers/conditional.ts';
import type { Provenance } from '../mirror/outcome.ts';
import type { Digest } from '../oci/digest.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { AnswerNote } from './answer.ts';
import type { AskedRepository } from './asked.ts';
import { cacheStatus } from './cache-status.ts';
import { type AnswerHeaders, headersFor } from './fixed-headers.ts';
import { staleWarning } from './warning.ts';

/** The headers of content, with how it came about: Cache-Status, and Warning when it is stale. */
export function provenanceHeaders(asked: AskedRepository, provenance: Provenance): AnswerHeaders {
  const headers = headersFor(asked);
  headers['cache-status'] = cacheStatus(provenance);
  if (provenance.kind === 'stale') {
    const { age, reason } = provenance;
    headers.warning = staleWarning(asked.repository.registry, age, reason);
  }
  return headers;
}

/** The headers of bytes that a digest names: validators, and how long they may be kept. */
export function contentHeaders(
  asked: AskedRepository,
  digest: Digest,
  provenance: Provenance,
  cacheControl: string,
): AnswerHeaders {
  const headers = provenanceHeaders(asked, provenance);
  headers['docker-content-digest'] = digest;
  headers.etag = entityTag(digest);
  headers['cache-control'] = cacheControl;
  return headers;
}

/** The note of an answer that gives what was asked for. */
export function foundNote(
  asked: AskedRepository,
  kind: string,
  reference: string | undefined,
  provenance: Provenance,
): AnswerNote {
  return {
    kind,
    form: asked.form,
    repository: repositoryKey(asked.repository),
    ...(reference !== undefined && { reference }),
    cache: provenance.kind,
    upstreamCalls: asked.calls.upstreamCalls,
    ...(provenance.kind === 'stale' && { reason: provenance.reason }),
  };
}
