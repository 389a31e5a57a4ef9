import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** The most bytes that a list may unpack to. */
const mostBytes = 256 * 1024 * 1024;

/** Packs a list as gzipped JSON. */
export async function packList(entries: readonly unknown[]): Promise<Uint8Array> {
  return new Uint8Array(await promisify(gzip)(JSON.stringify(entries)));
}

/** Unpacks a list. Rejects if the bytes are not gzipped JSON. */
export async function unpackList(packed: Uint8Array): Promise<unknown[]> {
  const text = await promisify(gunzip)(packed, { maxOutputLength: mostBytes });
  const entries: unknown = JSON.parse(text.toString('utf8'));
  return Array.isArray(entries) ? entries : [];
}
