import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { S3Error } from './s3-error.ts';

/** What becomes of bodies over a mebibyte: kept in a file, or only hashed. */
export type Keep = 'all' | 'discard-large';

/** The bytes of an object or of a part. */
export interface KeptBytes {
  readonly size: number;
  /** The bytes from `start` to `end`, which is not included. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/** Takes bytes in and gives them back later. */
export interface Keeping {
  add(bytes: Buffer): Promise<void>;
  done(): Promise<KeptBytes>;
  /** Forgets all. */
  drop(): Promise<void>;
}

const largestInMemory = 1 << 20;
let files = 0;

/** Keeps bytes in memory, and past a mebibyte in a file of `folder` or not at all. */
export function keepBytes(folder: string, keep: Keep): Keeping {
  let pieces: Buffer[] = [];
  let size = 0;
  let file: WriteStream | undefined;
  files += 1;
  const path = join(folder, String(files));

  async function spill(bytes: Buffer): Promise<void> {
    if (file === undefined) {
      file = createWriteStream(path);
      // A body that is dropped in the middle of a write fails that write.
      file.on('error', () => undefined);
    }
    const stream = file;
    if (!stream.write(bytes)) await new Promise<void>((go) => void stream.once('drain', go));
  }

  return {
    async add(bytes) {
      size += bytes.length;
      if (size <= largestInMemory) {
        pieces.push(bytes);
        return;
      }
      const held = pieces;
      pieces = [];
      if (keep === 'discard-large') return;
      for (const piece of [...held, bytes]) await spill(piece);
    },
    async done() {
      if (file !== undefined) {
        await finished(file.end());
        return fileBytes(path, size);
      }
      return size <= largestInMemory ? memoryBytes(Buffer.concat(pieces)) : lostBytes(size);
    },
    async drop() {
      pieces = [];
      file?.destroy();
      await rm(path, { force: true });
    },
  };
}

/** Bytes that are in memory. */
export function memoryBytes(bytes: Buffer): KeptBytes {
  return {
    size: bytes.length,
    async *read(start, end) {
      yield bytes.subarray(start, end);
    },
    remove: async () => undefined,
  };
}

/** Parts one after another. */
export function joinedBytes(parts: readonly KeptBytes[]): KeptBytes {
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    async *read(start, end) {
      let offset = 0;
      for (const part of parts) {
        const from = Math.max(0, start - offset);
        const to = Math.min(part.size, end - offset);
        if (from < to) yield* part.read(from, to);
        offset += part.size;
      }
    },
    async remove() {
      for (const part of parts) await part.remove();
    },
  };
}

function fileBytes(path: string, size: number): KeptBytes {
  return {
    size,
    async *read(start, end) {
      if (start < end) yield* createReadStream(path, { start, end: end - 1 });
    },
    remove: () => rm(path, { force: true }),
  };
}

function lostBytes(size: number): KeptBytes {
  return {
    size,
    read() {
      throw new S3Error('InternalError', 'The bytes were not kept');
    },
    remove: async () => undefined,
  };
}
