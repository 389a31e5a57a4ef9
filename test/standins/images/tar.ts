const block = 512;

/** An entry of a layer: a file, a folder or a symbolic link. */
export type TarEntry =
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly data: Uint8Array;
      readonly mode?: number;
    }
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'link'; readonly name: string; readonly target: string };

/** The 512-byte ustar header (POSIX.1-1988) of one entry; names are at most 100 bytes. */
export function tarHeader(entry: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(block);
  if (Buffer.byteLength(entry.name) > 100) throw new Error(`tar name too long: ${entry.name}`);
  const mode = entry.kind === 'file' ? (entry.mode ?? 0o644) : 0o755;
  header.write(entry.name, 0, 100);
  header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  header.write(`${octal(size, 11)}\0${octal(0, 11)}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write(entry.kind === 'file' ? '0' : entry.kind === 'link' ? '2' : '5', 156);
  if (entry.kind === 'link') header.write(entry.target, 157, 100);
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

/** The zeros after a file of this size, up to the next 512-byte block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

/** The two empty blocks that end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * block);

/** A whole archive in memory; times and owners are 0, so that equal entries give equal bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const data = entry.kind === 'file' ? entry.data : new Uint8Array();
    parts.push(tarHeader(entry, data.byteLength), data, tarPadding(data.byteLength));
  }
  return Buffer.concat([...parts, tarEnd]);
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, '0');
}
