import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { oci } from './media-type.ts';

/** What names a piece of content: type, `sha256:…` digest and size in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Content held in memory. */
export interface Content extends Descriptor {
  readonly bytes: Uint8Array;
}

/** Content held in a file, for what is too big for memory. */
export interface FileContent extends Descriptor {
  readonly path: string;
}

/** Content wherever it is held. */
export type Stored = Content | FileContent;

/** The `sha256:…` digest of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Content made of these bytes. */
export function contentOf(
  bytes: Uint8Array,
  mediaType: string = 'application/octet-stream',
): Content {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength, bytes };
}

/** Content made of a value written as JSON, in the order of its keys. */
export function jsonContent(value: unknown, mediaType: string): Content {
  return contentOf(new TextEncoder().encode(JSON.stringify(value)), mediaType);
}

/** Content that stays in its file; the file is read once for its digest. */
export async function fileContent(
  path: string,
  mediaType: string = oci.gzip,
): Promise<FileContent> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const { size } = await stat(path);
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size, path };
}

/** The descriptor alone, as a manifest names it. */
export function descriptorOf(content: Descriptor): Descriptor {
  return { mediaType: content.mediaType, digest: content.digest, size: content.size };
}
