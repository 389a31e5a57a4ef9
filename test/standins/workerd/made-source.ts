import { createHash, randomBytes } from 'node:crypto';
import { type Digest, parseDigest } from '../../../functions/core/oci/digest.ts';
import type { BlobSource } from '../../../functions/core/ports/blob-store.ts';

const mebibyte = 1024 * 1024;

/** A source that notes where it was opened. */
export interface MadeSource extends BlobSource {
  readonly starts: number[];
}

/** A source of `size` bytes that are made up where they are read: each mebibyte is another. */
export function madeSource(size: number): MadeSource {
  const starts: number[] = [];
  return {
    starts,
    slices: async () => 1,
    open(start, end = size - 1) {
      starts.push(start);
      let at = start;
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (at > end) return controller.close();
            const inBlock = at % mebibyte;
            const bytes = blockAt(Math.floor(at / mebibyte)).subarray(
              inBlock,
              inBlock + end + 1 - at,
            );
            at += bytes.byteLength;
            controller.enqueue(bytes);
          },
        },
        { highWaterMark: 0 },
      ).getReader();
    },
  };
}

const noise = new Uint8Array(randomBytes(mebibyte));

function blockAt(number: number): Uint8Array {
  const block = noise.slice();
  new DataView(block.buffer).setUint32(0, number);
  return block;
}

/** The digest of what `madeSource` gives for this size. */
export function digestOfMade(size: number): Digest {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += mebibyte) {
    hash.update(blockAt(at / mebibyte).subarray(0, Math.min(mebibyte, size - at)));
  }
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  if (digest === undefined) throw new Error('a hash is always a digest');
  return digest;
}
