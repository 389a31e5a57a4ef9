import { parseObject } from '../../core/oci/json-object.ts';

/** Where a paused put stands. */
export interface PutProgress {
  /** How many puts in a row paused without one more part. */
  readonly fruitless: number;
  /** The upload and what of it is hashed; undefined when the next put begins at the start. */
  readonly upload:
    | {
        readonly id: string;
        readonly parts: number;
        /** A saved ResumableSha256. */
        readonly hash: string;
      }
    | undefined;
}

const version = 1;

/** Writes progress as a text of less than 2 KB. */
export function writeProgress({ fruitless, upload }: PutProgress): string {
  const { id, parts, hash } = upload ?? {};
  return JSON.stringify({ version, barren: fruitless, upload: id, parts, sha256: hash });
}

/** Reads progress; undefined for a text that is none. */
export function readProgress(text: string | undefined): PutProgress | undefined {
  const written = parseObject(text ?? '');
  if (written?.version !== version || typeof written.barren !== 'number') return undefined;
  const { barren: fruitless, upload: id, parts, sha256 } = written;
  if (typeof id !== 'string' || typeof parts !== 'number' || typeof sha256 !== 'string') {
    return { fruitless, upload: undefined };
  }
  return { fruitless, upload: { id, parts, hash: sha256 } };
}
