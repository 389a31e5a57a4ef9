import { parseObject } from '../oci/json-object.ts';

/** What a paused put leaves to the next one. */
export interface PutProgress {
  /** How many puts in a row paused without a new part. */
  readonly stalls: number;
  /** Undefined: the next put begins at the start. */
  readonly upload: PausedUpload | undefined;
}

/** An upload in parts that paused: what the bucket has of it, and the hash of exactly those bytes. */
export interface PausedUpload {
  readonly id: string;
  /** How many parts there are, from the first one on. */
  readonly parts: number;
  /** Those of the parts, where the bucket cannot list them. */
  readonly etags: readonly string[] | undefined;
  /** A saved ResumableSha256. */
  readonly hash: string;
}

const version = 1;

/** Serializes progress: less than 2 KB, and the ETags. */
export function writeProgress({ stalls, upload }: PutProgress): string {
  const { id, parts, etags, hash: sha256 } = upload ?? {};
  // Queued jobs may still have progress of the first version, with these keys.
  const keys = { version, barren: stalls, upload: id, parts, sha256, etags: etags?.join(' ') };
  return JSON.stringify(keys);
}

/** Parses progress; undefined for any other text. */
export function readProgress(text: string | undefined): PutProgress | undefined {
  const written = parseObject(text ?? '') ?? {};
  if (written.kind !== undefined) return readWithKind(written);
  const { barren: stalls, upload: id, parts, sha256: hash, etags } = written;
  if (written.version !== version || typeof stalls !== 'number') return undefined;
  if (typeof id !== 'string' || typeof parts !== 'number' || typeof hash !== 'string') {
    return { stalls, upload: undefined };
  }
  return { stalls, upload: { id, parts, hash, etags: readEtags(etags) } };
}

/** A former format of R2, which had the kind `barren` before it had a count. */
function readWithKind(written: Readonly<Record<string, unknown>>): PutProgress | undefined {
  const { kind, barren, uploadId: id, hash, etags: joined } = written;
  const stalls = typeof barren === 'number' ? barren : Number(kind === 'barren');
  if (kind === 'barren') return { stalls, upload: undefined };
  const etags = readEtags(joined);
  if (kind !== 'upload' || typeof id !== 'string' || typeof hash !== 'string') return undefined;
  return etags && { stalls, upload: { id, parts: etags.length, etags, hash } };
}

function readEtags(joined: unknown): string[] | undefined {
  return typeof joined === 'string' ? joined.split(' ').filter((etag) => etag !== '') : undefined;
}

/** How many puts of a blob in a row may pause without a new part. */
const maxStalls = 3;

/**
 * Counts a put that pauses without a new part, after `stalls` of them in a row. Throws after too
 * many: a queue limits the retries of a failed job, but not those of a paused one.
 */
export function nextStall(stalls = 0): number {
  if (stalls < maxStalls) return stalls + 1;
  throw new Error(`the source is too slow: ${stalls} puts in a row paused without a new part`);
}
