import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
import type { KeptBytes } from './kept-bytes.ts';

/** An object that is visible. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: KeptBytes;
  /** With its quotation marks. */
  readonly etag: string;
  /** In ms since 1970. */
  readonly modified: number;
  /** What came with the object and goes with it: Content-Type, Cache-Control, x-amz-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
}

/** A part of an upload. */
export interface StoredPart {
  readonly number: number;
  readonly bytes: KeptBytes;
  readonly etag: string;
  /** In base64. */
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  /** In ms since 1970. */
  readonly started: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly parts: Map<number, StoredPart>;
}

/** What a bucket holds. Tests may look into it and take objects away. */
export interface Bucket {
  readonly name: string;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
}

/** All bytes of an object, for tests that compare them. */
export async function bytesOf(object: StoredObject): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of object.bytes.read(0, object.bytes.size)) pieces.push(piece);
  return Buffer.concat(pieces);
}
