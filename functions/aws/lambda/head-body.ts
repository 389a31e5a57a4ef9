import type { Answer } from '../../core/registry/answer.ts';

/**
 * How an answer to HEAD tells the length that the client needs:
 * - `body`: by a body of exactly that length, which the front counts and drops;
 * - `header`: by a Content-Length of our own and no body.
 */
export type HeadForm = 'body' | 'header';

/** What a result for HEAD carries. */
export type HeadBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> | string }
  | { readonly kind: 'header'; readonly length: string | undefined }
  /** No body is long enough: the length has to be told by somebody else. */
  | { readonly kind: 'too-long'; readonly length: string };

/** The longest body made up only to be counted, in bytes; a result holds no more than 6 MB. */
export const longestFiller = 5_000_000;

/**
 * Chooses what tells the length of an answer to HEAD.
 *
 * AWS documents nowhere whether a function URL keeps the Content-Length of an answer without a
 * body, and other fronts of Lambda set it to the length of the body that they got. A client that
 * reads 0 there takes the manifest for empty. So the body is the manifest's own where it is known,
 * and else as many spaces.
 */
export function headBody({ headers, body }: Answer, form: HeadForm): HeadBody {
  const length = headers['content-length'];
  if (form === 'header' || length === undefined) return { kind: 'header', length };
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  if (isBytes && String(Buffer.byteLength(body)) === length) return { kind: 'bytes', bytes: body };
  const count = Number(length);
  if (count > longestFiller) return { kind: 'too-long', length };
  return { kind: 'bytes', bytes: ' '.repeat(count) };
}
