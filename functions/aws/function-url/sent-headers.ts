import type { Answer } from '../../core/registry/answer.ts';

/**
 * What may leave through the front. Lambda renames some headers (`x-amzn-remapped-…`) and refuses
 * the answer of a function that uses such names itself, so nothing goes out that is not listed.
 */
const passing: ReadonlySet<string> = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'cache-status',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'link',
  'location',
  'oci-filters-applied',
  'oci-namespace',
  'retry-after',
  'warning',
  'x-content-type-options',
]);

/** The headers of a result. Content-Length is not among them: the front counts the body itself. */
export function sentHeaders(answer: Pick<Answer, 'headers'>): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name in answer.headers) {
    const value = answer.headers[name];
    if (value !== undefined && passing.has(name)) sent[name] = value;
  }
  return sent;
}
