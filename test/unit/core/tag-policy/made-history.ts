import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../../../functions/core/oci/digest.ts';
import type { TagRecord } from '../../../../functions/core/ports/manifest-store.ts';
import type { TagRun } from '../../../../functions/core/ports/tag-states.ts';

/** A digest made from a name. */
export function madeDigest(name: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(name).digest('hex')}`);
  if (digest === undefined) throw new Error('not a digest');
  return digest;
}

/** A run that a client's pull began. */
export function run(digest: Digest, first: number, last: number): TagRun {
  return { digest, first, last, seenBy: 'pull' };
}

/** A record of a tag without a history. */
export function record(digest: Digest, changed: number, checked: number): TagRecord {
  return { digest, mediaType: '', size: 1, firstSeen: changed, changed, checked, history: [] };
}
