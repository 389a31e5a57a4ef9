import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** A list that unpacks to more than this is not one of ours, in bytes. */
const mostBytes = 256 * 1024 * 1024;

/** A list as JSON, packed by gzip. */
export async function packList(entries: readonly unknown[]): Promise<Uint8Array> {
  return new Uint8Array(await promisify(gzip)(JSON.stringify(entries)));
}

/** The list again. Rejects when the bytes are not a packed JSON text. */
export async function unpackList(packed: Uint8Array): Promise<unknown[]> {
  const text = await promisify(gunzip)(packed, { maxOutputLength: mostBytes });
  const entries: unknown = JSON.parse(text.toString('utf8'));
  return Array.isArray(entries) ? entries : [];
}
