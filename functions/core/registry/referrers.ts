import { parseDigest } from '../oci/digest.ts';
import { mediaType } from '../oci/media-type.ts';
import { referrersIndex } from '../oci/referrers-index.ts';
import { type Answer, type AskedRepository, jsonAnswer } from './answer.ts';
import { foundNote, listCacheControl, provenanceHeaders } from './answer-headers.ts';
import { invalidDigest } from './blobs.ts';
import { unobtainedAnswer } from './error-answer.ts';

/**
 * What refers to a manifest (distribution-spec §Listing referrers). An empty 200 is final for
 * containerd and would hide signatures, so 200 is only for what the upstream was asked for.
 */
export async function answerReferrers(asked: AskedRepository, text: string): Promise<Answer> {
  const subject = parseDigest(text);
  if (subject === undefined) return invalidDigest(asked, 'referrers', text);
  const outcome = await asked.mirrored.listReferrers(subject);
  if (outcome.kind !== 'found') return unobtainedAnswer(asked, outcome, 'referrers', text);
  // Clients that want several types repeat the parameter.
  const types = new URLSearchParams(asked.query).getAll('artifactType').filter(Boolean);
  const isFiltered = types.length > 0;
  const manifests = isFiltered
    ? outcome.manifests.filter((entry) => types.includes(entry.artifactType ?? ''))
    : outcome.manifests;
  const headers = {
    ...provenanceHeaders(asked, outcome.provenance),
    'content-type': mediaType.ociIndex,
    'cache-control': listCacheControl(outcome.provenance),
    ...(isFiltered && { 'oci-filters-applied': 'artifactType' }),
  };
  const note = foundNote(asked, 'referrers', text, outcome.provenance);
  return jsonAnswer(referrersIndex(manifests), headers, note);
}
