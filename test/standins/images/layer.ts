import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type Content, contentOf, digestOf, type FileContent } from './content.ts';
import { oci } from './media-type.ts';
import { randomBytes } from './random-bytes.ts';
import { type TarEntry, tar } from './tar.ts';

/** A layer in memory; `diffId` is the digest of its uncompressed archive. */
export interface Layer extends Content {
  readonly diffId: string;
}

/** A layer in a file. */
export interface FileLayer extends FileContent {
  readonly diffId: string;
}

/** A gzip layer with these entries. */
export function layer(entries: readonly TarEntry[], level = 1): Layer {
  const archive = tar(entries);
  const bytes = gzipSync(archive, { level, chunkSize: 1 << 20 });
  return { ...contentOf(bytes, oci.gzip), diffId: digestOf(archive) };
}

/** A gzip layer with these text files, by path. */
export function textLayer(files: Readonly<Record<string, string>>): Layer {
  return layer(
    Object.entries(files).map(([name, text]) => ({ kind: 'file', name, data: Buffer.from(text) })),
  );
}

/**
 * A gzip layer of about `size` bytes (some 2 KB more) that no compressor makes smaller. Deflate
 * stores only, so that making 100 MB takes a fraction of a second.
 */
export function randomLayer(seed: string | number, size: number): Layer {
  const name = `random-${String(seed).replaceAll(/[^\w.-]/g, '_')}`;
  return layer([{ kind: 'file', name, data: randomBytes(seed, size) }], 0);
}

/** A layer from an archive and its zstd form, which somebody else compressed. */
export function zstdLayer(archive: Uint8Array, compressed: Uint8Array): Layer {
  return { ...contentOf(compressed, oci.zstd), diffId: digestOf(archive) };
}

/** The entries of a root file system around a static busybox, enough for `docker run`. */
export function busyboxEntries(path = '/bin/busybox'): TarEntry[] {
  const commands = ['sh', 'ls', 'cat', 'echo', 'sleep', 'sha256sum', 'true'];
  return [
    ...['bin/', 'dev/', 'etc/', 'proc/', 'sys/', 'tmp/'].map(
      (name): TarEntry => ({ kind: 'folder', name }),
    ),
    { kind: 'file', name: 'bin/busybox', data: readFileSync(path), mode: 0o755 },
    ...commands.map((name): TarEntry => ({ kind: 'link', name: `bin/${name}`, target: 'busybox' })),
    { kind: 'file', name: 'etc/passwd', data: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
  ];
}

/** A gzip layer around a static busybox binary (Debian's busybox-static). */
export function busyboxLayer(path = '/bin/busybox'): Layer {
  return layer(busyboxEntries(path));
}
