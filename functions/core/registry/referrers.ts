import { parseDigest } from '../oci/digest.ts';
import { mediaType } from '../oci/media-type.ts';
import { referrersIndex } from '../oci/referrers-index.ts';
import { type Answer, jsonAnswer, type RepositoryRequest } from './answer.ts';
import { contentNote, listCacheControl, provenanceHeaders } from './answer-headers.ts';
import { invalidDigest } from './blobs.ts';
import { unobtainedAnswer } from './error-answer.ts';

/**
 * The referrers of a manifest (distribution-spec §Listing referrers). containerd takes an empty 200 as
 * final, which would hide signatures: a 200 means that the upstream was asked.
 */
export async function answerReferrers(request: RepositoryRequest, text: string): Promise<Answer> {
  const subject = parseDigest(text);
  if (subject === undefined) return invalidDigest(request, 'referrers', text);
  const outcome = await request.mirrored.listReferrers(subject);
  if (outcome.kind !== 'found') return unobtainedAnswer(request, outcome, 'referrers', text);
  const { provenance } = outcome;
  // Clients repeat the parameter to get several types.
  const types = new URLSearchParams(request.query).getAll('artifactType').filter(Boolean);
  const isFiltered = types.length > 0;
  const { manifests: all, annotations } = outcome;
  const manifests = isFiltered
    ? all.filter(({ artifactType = '' }) => types.includes(artifactType))
    : all;
  const headers = {
    ...provenanceHeaders(request, provenance),
    'content-type': mediaType.ociIndex,
    'cache-control': listCacheControl(provenance),
    ...(isFiltered && { 'oci-filters-applied': 'artifactType' }),
  };
  const note = contentNote(request, 'referrers', text, provenance);
  return jsonAnswer(
    referrersIndex({ manifests, ...(annotations && { annotations }) }),
    headers,
    note,
  );
}
