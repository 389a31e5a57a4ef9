import type { Answer } from '../../core/registry/answer.ts';
import { type SentBody, sentBytes } from './url-response.ts';

/** The longest body made up only to be counted, in bytes; a result holds no more than 6 MB. */
export const longestFiller = 5_000_000;

/**
 * The body that tells the length of an answer to HEAD; undefined where none can be long enough.
 *
 * AWS documents nowhere whether a function URL keeps the Content-Length of an answer without a
 * body, and other fronts of Lambda set it to the length of the body that they got. A client that
 * reads 0 there takes the manifest for empty. So the body is the manifest's own where it is known,
 * and else as many spaces.
 */
export function headBody(length: number, body: Answer['body']): SentBody | undefined {
  if (body instanceof Uint8Array && body.byteLength === length) return sentBytes(body);
  if (length > longestFiller) return undefined;
  return { body: ' '.repeat(length), isBase64Encoded: false, bytes: length };
}
