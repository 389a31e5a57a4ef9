import { createHash } from 'node:crypto';
import {
  BucketError,
  type Published,
  type UploadedPart,
} from '../../../../../functions/core/bucket/bucket.ts';
import { nativeHashes } from '../../../../../functions/core/bucket/put/hash.ts';
import { PartReader } from '../../../../../functions/core/bucket/put/part-reader.ts';
import { bytesOf } from '../../../../../functions/core/bucket/put/parts.ts';
import type { PartsJob, PutTarget } from '../../../../../functions/core/bucket/put/target.ts';

/** A bucket with parts of four bytes, which says what was done with it. */
export class PutTargetInMemory {
  readonly calls: string[] = [];
  readonly uploads = new Map<string, UploadedPart[]>();
  /** Buffers that were acquired and not released. */
  held = 0;
  published: Published = { kind: 'published' };
  /** The size of an object that is there. */
  object: number | undefined;
  /** After how many parts of one put it has to pause. */
  pauseAfter = Number.POSITIVE_INFINITY;
  /** What ends a put instead. */
  failure: Error | undefined;
  etag = (number: number) => `etag-${number}`;

  target(changes: Partial<PutTarget> = {}): PutTarget {
    return {
      bucket: {
        head: async (key) => {
          this.calls.push('head');
          return this.object === undefined ? undefined : { key, size: this.object, modified: 1 };
        },
        put: async (_, bytes, { size, sha256 }) => {
          this.calls.push(`put ${bytes.byteLength} ${size} ${sha256.slice(0, 8)}`);
          return this.published;
        },
        createUpload: async (key) => {
          this.calls.push('create');
          const id = `upload-${this.uploads.size + 1}`;
          this.uploads.set(id, []);
          return { key, id };
        },
        complete: async ({ id }, parts) => {
          this.calls.push(`complete ${parts.length}`);
          if (this.published.kind === 'published') this.uploads.delete(id);
          return this.published;
        },
        abortUpload: async ({ id }) => {
          this.calls.push('abort');
          if (!this.uploads.delete(id)) throw new Error('there is no such upload');
        },
        listParts: async ({ id }) => {
          this.calls.push('list');
          return this.uploads.get(id)?.slice();
        },
      },
      createHash: nativeHashes(createHash),
      leastSpeed: 1,
      smallBytes: 4,
      memory: {
        acquire: async (bytes) => {
          this.held += 1;
          return new Uint8Array(bytes);
        },
        release: () => {
          this.held -= 1;
        },
      },
      partBounds: () => ({ unit: 1, least: 4, largest: 8, mostParts: 1000 }),
      sendParts: (job) => this.#sendParts(job),
      ...changes,
    };
  }

  async #sendParts({ upload, done, hash, partBytes, source, wanted, deadline }: PartsJob) {
    const parts = [...done];
    const reader = new PartReader(
      source,
      { start: bytesOf(done), size: wanted.size },
      deadline.signal,
    );
    for (;;) {
      if (parts.length - done.length >= this.pauseAfter) {
        return { parts, isComplete: false, saved: hash.save() };
      }
      if (this.failure !== undefined) throw this.failure;
      const left = (wanted.size ?? Number.POSITIVE_INFINITY) - bytesOf(parts);
      const buffer = new Uint8Array(Math.min(partBytes, left));
      const size = await reader.fill(buffer);
      hash.update(buffer.subarray(0, size));
      const number = parts.length + 1;
      if (size > 0) parts.push({ number, size, etag: this.etag(number), crc32: undefined });
      const kept = this.uploads.get(upload.id);
      if (kept === undefined) throw new BucketError('send', 'NoSuchUpload', 404);
      kept.splice(0, kept.length, ...parts);
      if (size < partBytes || size === left) return { parts, isComplete: true, saved: undefined };
    }
  }
}
