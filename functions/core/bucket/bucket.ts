/** An object of a bucket. */
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
  /** In base64; undefined where the service computes none. */
  readonly crc32: string | undefined;
}

/** An upload in parts that is not complete. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
}

/** The outcome of publishing an object. */
export type Published =
  | { readonly kind: 'published' }
  /** Another writer published it first. */
  | { readonly kind: 'there-already' }
  /** The bytes do not have the announced hash. */
  | { readonly kind: 'wrong-bytes' }
  /** Another request was changing the same key; try again. */
  | { readonly kind: 'conflict' }
  /** The service no longer knows the upload. */
  | { readonly kind: 'upload-gone' };

/** What the service learns of an object before its bytes. */
export interface AnnouncedObject {
  /** In bytes. */
  readonly size: number;
  /** In hex; the service refuses other bytes. */
  readonly sha256: string;
  /** Replaces an existing object, which otherwise may remain. */
  readonly replace?: boolean;
}

/** The objects of a bucket. A failure rejects with a BucketError, or with R2's own error. */
export interface BucketObjects {
  head(key: string, signal?: AbortSignal): Promise<BucketObject | undefined>;
  /** All bytes of an object of at most 64 MiB; undefined when it is absent. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Publishes bytes, with retries when the service fails. */
  put(
    key: string,
    bytes: Uint8Array,
    announced: AnnouncedObject,
    signal?: AbortSignal,
  ): Promise<Published>;
  /** Without effect when it is absent. */
  delete(key: string): Promise<void>;
  /** Yields pages of objects in the order of their keys, from the key after `after`. */
  list(prefix: string, after?: string): AsyncIterable<readonly BucketObject[]>;
}

/** The uploads in parts of a bucket. A failure rejects as in `BucketObjects`. */
export interface BucketUploads {
  createUpload(key: string, signal: AbortSignal): Promise<OpenUpload>;
  /** The bytes must not change until it resolves. */
  uploadPart(
    upload: OpenUpload,
    number: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<UploadedPart>;
  /** The parts that arrived, by number; undefined for an unknown upload. */
  listParts(upload: OpenUpload, signal: AbortSignal): Promise<UploadedPart[] | undefined>;
  /** Publishes the parts, unless the key exists. */
  complete(upload: OpenUpload, parts: readonly UploadedPart[]): Promise<Published>;
  /** Without effect for an unknown upload. */
  abortUpload(upload: OpenUpload): Promise<void>;
}

/** All that a blob store does with a bucket, besides signing URLs. */
export interface Bucket extends BucketObjects, BucketUploads {
  /**
   * Publishes bytes as they arrive, without retries. A chunk is no longer used when the next one is
   * requested. Rejects with the iterable's own error as well.
   */
  putStream(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    announced: AnnouncedObject,
    signal: AbortSignal,
  ): Promise<Published>;
  /** Closes the connections. */
  close(): void;
}

/** A request to a bucket failed. The message holds no header and no URL. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
  /** The service's code (`SlowDown`), or the connection's (`ECONNRESET`). */
  readonly code: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;

  /** `operation` has the service's name for it: `S3 PutObject`. */
  constructor(operation: string, code: string, status: number | undefined, cause?: unknown) {
    const answered = status === undefined ? '' : ` (${status})`;
    super(`${operation}: ${code}${answered}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
  }

  /** True when the same request may succeed a little later. */
  get isPassing(): boolean {
    const { code, status } = this;
    return status === undefined || status >= 500 || status === 429 || code === 'RequestTimeout';
  }
}

/** The error for bytes that the service did not publish. */
export function notPublished(operation: string, { kind }: Published): BucketError {
  const code = kind === 'conflict' ? 'ConditionalRequestConflict' : kind;
  return new BucketError(operation, code, undefined);
}
