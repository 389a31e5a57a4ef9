import { mostInlineBytes } from './r2/large-values.ts';

/**
 * The bytes of a manifest as text for D1; undefined when they are too large, or no text that gives
 * the same bytes again: those go to the bucket. D1 hands out binary columns as lists of numbers,
 * which cost several times their size.
 */
export function inlineText(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes.byteLength > mostInlineBytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // SQLite ends a text at a NUL in more than one place.
    return text.includes('\u0000') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Texts in JSON arrays of bounded size, each array a parameter of a statement. */
export function* jsonArrays(items: readonly string[]): Generator<string> {
  let part: string[] = [];
  let length = 0;
  for (const item of items) {
    // A character has at most three bytes here, and SQLite's bound is in bytes.
    if (part.length > 0 && (length + item.length) * 3 > mostInlineBytes) {
      yield `[${part.join()}]`;
      part = [];
      length = 0;
    }
    part.push(item);
    length += item.length + 1;
  }
  if (part.length > 0) yield `[${part.join()}]`;
}
