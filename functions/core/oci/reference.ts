import { type Digest, parseDigest } from './digest.ts';

/** What a request names a manifest by (distribution-spec §Pulling manifests). */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: Digest };

const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** True when the text has the form of a tag. */
export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/** Parses a reference: with a colon it is a digest, otherwise a tag; undefined when invalid. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  return isTag(text) ? { kind: 'tag', tag: text } : undefined;
}

/** The reference as it is written in a path. */
export function referenceText(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
