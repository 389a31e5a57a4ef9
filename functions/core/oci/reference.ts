import { type Digest, parseDigest } from './digest.ts';

/** What a manifest is asked for by: a tag or a digest (distribution-spec §Pulling manifests). */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: Digest };

const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** True when the text is a tag. */
export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/** Reads a reference: with a colon it is a digest, else a tag; undefined when it is neither. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  return isTag(text) ? { kind: 'tag', tag: text } : undefined;
}

/** The reference as it stands in a path. */
export function referenceText(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
