import type { PageRequest } from '../oci/page.ts';
import type { Asked } from './asked.ts';

/**
 * The Link header to the page after `last` (RFC 8288, distribution-spec §Listing tags); none when
 * `last` is undefined. It is relative and keeps the client's own path and `ns`, so that the client
 * stays with this mirror whatever name it has for it.
 */
export function nextPage(
  asked: Pick<Asked, 'path' | 'ns'>,
  request: PageRequest,
  last: string | undefined,
): Record<string, string> {
  if (last === undefined || request.limit === undefined) return {};
  const ns = asked.ns === undefined ? '' : `&ns=${encodeURIComponent(asked.ns)}`;
  const query = `n=${request.limit}&last=${encodeURIComponent(last)}${ns}`;
  return { link: `<${asked.path}?${query}>; rel="next"` };
}
