import { parseObject } from '../oci/json-object.ts';

/** Where a paused put stands. */
export interface PutProgress {
  /** How many puts in a row paused without one more part. */
  readonly fruitless: number;
  /** Undefined: the next put begins at the start. */
  readonly upload: PausedUpload | undefined;
}

/** An upload in parts that paused: what the bucket has of it, and the hash of exactly those bytes. */
export interface PausedUpload {
  readonly id: string;
  /** How many parts there are, from the first one on. */
  readonly parts: number;
  /** Their tags, where the bucket cannot list them. */
  readonly etags: readonly string[] | undefined;
  /** A saved ResumableSha256. */
  readonly hash: string;
}

const version = 1;

/** Writes progress as a text: less than 2 KB, and the tags. */
export function writeProgress({ fruitless, upload }: PutProgress): string {
  const { id, parts, etags, hash } = upload ?? {};
  const tags = etags?.join(' ');
  // The keys are those of the first version, whose jobs may still be queued.
  return JSON.stringify({
    version,
    barren: fruitless,
    upload: id,
    parts,
    sha256: hash,
    etags: tags,
  });
}

/** Reads progress; undefined for a text that is none. */
export function readProgress(text: string | undefined): PutProgress | undefined {
  const written = parseObject(text ?? '') ?? {};
  if (written.kind !== undefined) return readWithKind(written);
  const { barren: fruitless, upload: id, parts, sha256: hash, etags } = written;
  if (written.version !== version || typeof fruitless !== 'number') return undefined;
  if (typeof id !== 'string' || typeof parts !== 'number' || typeof hash !== 'string') {
    return { fruitless, upload: undefined };
  }
  return { fruitless, upload: { id, parts, hash, etags: readEtags(etags) } };
}

/** A former form of R2's, which counted by its kind before it counted by `barren`. */
function readWithKind(written: Readonly<Record<string, unknown>>): PutProgress | undefined {
  const { kind, barren, uploadId: id, hash, etags: joined } = written;
  const fruitless = typeof barren === 'number' ? barren : Number(kind === 'barren');
  if (kind === 'barren') return { fruitless, upload: undefined };
  const etags = readEtags(joined);
  if (kind !== 'upload' || typeof id !== 'string' || typeof hash !== 'string') return undefined;
  return etags && { fruitless, upload: { id, parts: etags.length, etags, hash } };
}

function readEtags(joined: unknown): string[] | undefined {
  return typeof joined === 'string' ? joined.split(' ').filter((etag) => etag !== '') : undefined;
}

/** So many puts of a blob in a row may pause without one more part. */
const mostInARow = 3;

/**
 * Counts one more put that pauses without one more part than the put before it had; `before` is how
 * many did so in a row. Throws when those are too many: a queue counts failures, where it would hand
 * on pauses for ever.
 */
export function oneMoreFruitless(before: number): number {
  if (before < mostInARow) return before + 1;
  throw new Error('the source is too slow: the time was up before one more part had come');
}
