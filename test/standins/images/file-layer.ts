import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { FileLayer } from './layer.ts';
import { oci } from './media-type.ts';
import { randomSource } from './random-bytes.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

/** Writes a gzip layer of about `size` incompressible bytes to `path`, in constant memory. */
export async function randomFileLayer(
  path: string,
  seed: string | number,
  size: number,
): Promise<FileLayer> {
  const diff = createHash('sha256');
  const blob = createHash('sha256');
  await pipeline(
    Readable.from(archive(seed, size), { objectMode: false }),
    hashing(diff),
    createGzip({ level: 0, chunkSize: 1 << 20 }),
    hashing(blob),
    createWriteStream(path),
  );
  return {
    mediaType: oci.gzip,
    digest: `sha256:${blob.digest('hex')}`,
    size: (await stat(path)).size,
    path,
    diffId: `sha256:${diff.digest('hex')}`,
  };
}

function* archive(seed: string | number, size: number): Generator<Buffer> {
  const next = randomSource(seed);
  yield tarHeader({ kind: 'file', name: 'random', data: new Uint8Array() }, size);
  for (let at = 0; at < size; at += 1 << 20) yield next(Math.min(1 << 20, size - at));
  yield Buffer.concat([tarPadding(size), tarEnd]);
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(undefined, chunk);
    },
  });
}
