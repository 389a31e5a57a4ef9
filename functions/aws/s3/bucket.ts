import { backOff } from '../sdk/backoff.ts';

/** An object of the bucket. */
export interface BucketObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** In ms since 1970, to the second. */
  readonly modified: number;
}

/** A part of an upload, as Complete wants it. */
export interface UploadedPart {
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  readonly etag: string;
  /** Base64, as S3 writes it. */
  readonly crc32: string | undefined;
}

/** An upload in parts that is not complete. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
}

/** How publishing an object ended. */
export type Published =
  | { readonly kind: 'published' }
  /** It is there already, from another writer. */
  | { readonly kind: 'there-already' }
  /** S3 hashed other bytes than those that were announced. */
  | { readonly kind: 'wrong-bytes' }
  /** Another request was changing the same key: to be tried again. */
  | { readonly kind: 'conflict' }
  /** S3 does not know the upload any more. */
  | { readonly kind: 'upload-gone' };

/**
 * The bytes of an object: at once, or in order as they come. Those that came may change when the next
 * are asked for.
 */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

/** What is done with whole objects. All of it rejects with an S3Error. */
export interface BucketObjects {
  head(key: string, signal?: AbortSignal): Promise<BucketObject | undefined>;
  /**
   * Publishes bytes whose SHA-256 S3 is told before, in hex, unless the key is there. Bytes that are
   * in memory are sent again when S3 fails. Rejects with the body's own error as well.
   */
  put(
    key: string,
    body: ObjectBody,
    announced: { readonly size: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<Published>;
  /** Without effect when it is not there. */
  delete(key: string): Promise<void>;
  close(): void;
}

/** Uploads in parts, and lists. All of it rejects with an S3Error. */
export interface BucketUploads {
  createUpload(key: string, signal: AbortSignal): Promise<OpenUpload>;
  /** The bytes must not change before it resolved. */
  uploadPart(
    upload: OpenUpload,
    number: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<UploadedPart>;
  /** The parts that arrived, by number; undefined when S3 does not know the upload. */
  listParts(upload: OpenUpload, signal: AbortSignal): Promise<UploadedPart[] | undefined>;
  /** Publishes the parts, unless the key is there. */
  complete(upload: OpenUpload, parts: readonly UploadedPart[]): Promise<Published>;
  /** Without effect when S3 does not know the upload. */
  abortUpload(upload: OpenUpload): Promise<void>;
  /** By key, a page at a time, behind the key `after` where it is given. */
  list(prefix: string, after?: string): AsyncIterable<readonly BucketObject[]>;
  close(): void;
}

/** What the store does in S3 besides signing URLs. */
export interface Bucket extends BucketObjects, BucketUploads {}

const mostAttempts = 4;
const pauses = { first: 100, growth: 2 };

/** Publishes again while S3 says that another request is changing the same key (409). */
export async function withoutConflict(publish: () => Promise<Published>): Promise<Published> {
  for (let attempt = 1; ; attempt++) {
    const published = await publish();
    if (published.kind !== 'conflict' || attempt === mostAttempts) return published;
    await backOff(attempt, pauses);
  }
}

/** The error of a put whose bytes are right and which S3 did not publish. */
export function notPublished(operation: string, published: Published): S3Error {
  const code = published.kind === 'conflict' ? 'ConditionalRequestConflict' : published.kind;
  return new S3Error(operation, code, undefined);
}

/** What S3 says of bytes that are not those whose hash it was told. */
const wrongBytes = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);

/** A refusal to publish as an outcome; throws what is a failure. */
export function refusedAs(failure: unknown): Published {
  if (failure instanceof S3Error) {
    if (failure.status === 412) return { kind: 'there-already' };
    if (failure.status === 409) return { kind: 'conflict' };
    if (wrongBytes.has(failure.code)) return { kind: 'wrong-bytes' };
    if (failure.code === 'NoSuchUpload') return { kind: 'upload-gone' };
  }
  throw failure;
}

/** Why S3 gave no result. Its message holds no request, header or URL. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** S3's own code (`SlowDown`), or that of the connection (`ECONNRESET`). */
  readonly code: string;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(operation: string, code: string, status: number | undefined, cause?: unknown) {
    const answered = status === undefined ? '' : ` (${status})`;
    super(`S3 ${operation}: ${code}${answered}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
  }

  /** True when the same request may succeed a little later. */
  get isPassing(): boolean {
    const { code, status } = this;
    return status === undefined || status >= 500 || status === 429 || code === 'RequestTimeout';
  }
}

/** A code without anything that the peer made up. */
export function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[A-Za-z0-9._]{1,100}$/.test(code) ? code : 'Unknown';
}
