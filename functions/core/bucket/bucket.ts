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
  /** Base64; undefined where the service computes none. */
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
  /** The service hashed other bytes than those that were announced. */
  | { readonly kind: 'wrong-bytes' }
  /** Another request was changing the same key: to be tried again. */
  | { readonly kind: 'conflict' }
  /** S3 does not know the upload any more. */
  | { readonly kind: 'upload-gone' };

/** What is announced of an object before its bytes are sent. */
export interface AnnouncedObject {
  /** In bytes. */
  readonly size: number;
  /** In hex; the service publishes no other bytes. */
  readonly sha256: string;
  /** Replaces an object that is there; without it, that one may remain. */
  readonly replace?: boolean;
}

/** Whole objects. All of it rejects with a BucketError. */
export interface BucketObjects {
  head(key: string, signal?: AbortSignal): Promise<BucketObject | undefined>;
  /** All bytes of an object, 64 MiB at most; undefined when it is not there. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Publishes bytes, and sends them again when the service fails. */
  put(
    key: string,
    bytes: Uint8Array,
    announced: AnnouncedObject,
    signal?: AbortSignal,
  ): Promise<Published>;
  /** Without effect when it is not there. */
  delete(key: string): Promise<void>;
  /** By key, a page at a time, behind the key `after` where it is given. */
  list(prefix: string, after?: string): AsyncIterable<readonly BucketObject[]>;
}

/** Uploads in parts. All of it rejects with a BucketError. */
export interface BucketUploads {
  createUpload(key: string, signal: AbortSignal): Promise<OpenUpload>;
  /** The bytes must not change before it resolved. */
  uploadPart(
    upload: OpenUpload,
    number: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<UploadedPart>;
  /** The parts that arrived, by number; undefined when the service does not know the upload. */
  listParts(upload: OpenUpload, signal: AbortSignal): Promise<UploadedPart[] | undefined>;
  /** Publishes the parts, unless the key is there. */
  complete(upload: OpenUpload, parts: readonly UploadedPart[]): Promise<Published>;
  /** Without effect when the service does not know the upload. */
  abortUpload(upload: OpenUpload): Promise<void>;
}

/** What a blob store does in its bucket besides signing URLs. */
export interface Bucket extends BucketObjects, BucketUploads {
  /**
   * Publishes bytes as they come, in order; those that came may change when the next are asked for.
   * Rejects with their own error as well. Nothing is sent again.
   */
  putStream(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    announced: AnnouncedObject,
    signal: AbortSignal,
  ): Promise<Published>;
  /** Ends the connections. */
  close(): void;
}

/** Why a bucket gave no result. Its message holds no request, header or URL. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
  /** The service's own code (`SlowDown`), or that of the connection (`ECONNRESET`). */
  readonly code: string;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;

  /** `operation` as the service names it: `S3 PutObject`. */
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

/** The error of a put whose bytes are right and which the service did not publish. */
export function notPublished(operation: string, { kind }: Published): BucketError {
  const code = kind === 'conflict' ? 'ConditionalRequestConflict' : kind;
  return new BucketError(operation, code, undefined);
}
