import { randomUUID } from 'node:crypto';
import { readAnnotations } from '../../core/oci/descriptor.ts';
import { writeBatch } from './batch.ts';
import {
  binary,
  binaryOf,
  type Item,
  type Key,
  keyItem,
  keyOf,
  number,
  numberOf,
  text,
  textOf,
  timeToLive,
} from './item.ts';
import type { DynamoDbTable } from './table.ts';

/** Longer lists are split into chunks of this size. Ten thousand usual tags fit into one chunk. */
const chunkBytes = 320 * 1024;

/** Loaded on first use: pulls need no lists, and a new instance should answer soon. */
const loadCodec = () => import('./list-codec.ts');

/** A list, and when the upstream confirmed it (ms since 1970). */
export interface StoredList {
  readonly entries: readonly unknown[];
  /** At most a few kilobytes. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly checked: number;
}

/**
 * Puts a gzipped list, which DynamoDB deletes after `ttl` (seconds since 1970), if any. An empty list is
 * removed. If it does not fit into an item, it goes into chunks under a new version: they
 * are written before the item that names the version, and removed once another item replaced it.
 */
export async function putList(
  table: DynamoDbTable,
  key: Key,
  { entries, annotations, checked }: StoredList,
  ttl: number | undefined,
): Promise<void> {
  if (entries.length === 0) return removeLists(table, key.pk, key.sk);
  const { packList } = await loadCodec();
  const packed = await packList(entries);
  const item = {
    ...keyItem(key),
    checked: number(checked),
    ...timeToLive(ttl),
    ...(annotations && { annotations: text(JSON.stringify(annotations)) }),
  };
  const previous = await table.replace(
    packed.byteLength <= chunkBytes
      ? { ...item, bytes: binary(packed) }
      : { ...item, ...(await putChunks(table, key, packed, ttl)) },
  );
  const version = previous && textOf(previous, 'version');
  if (previous === undefined || version === undefined) return;
  const chunks = Array.from({ length: numberOf(previous, 'parts') ?? 0 }, (_, at) =>
    chunkKey(key, version, at),
  );
  await writeBatch(table, { remove: chunks });
}

/** Removes the lists of a partition, or those whose sort key begins with `prefix`, with their chunks. */
export async function removeLists(table: DynamoDbTable, pk: string, prefix = ''): Promise<void> {
  const range = { condition: 'begins_with(#sk, :prefix)', values: { ':prefix': text(prefix) } };
  const query = { pk, attributes: ['pk', 'sk'], ...(prefix !== '' && { range }) };
  for await (const items of table.pages(query)) {
    if (items.length > 0) await writeBatch(table, { remove: items.map(keyOf) });
  }
}

/** The list; undefined if there is none. */
export async function getList(table: DynamoDbTable, key: Key): Promise<StoredList | undefined> {
  // Try again if the list was replaced while its chunks were being read.
  for (let attempt = 0; attempt < 3; attempt++) {
    const item = await table.get(key);
    const checked = item && numberOf(item, 'checked');
    if (item === undefined || checked === undefined) return undefined;
    const packed = binaryOf(item, 'bytes') ?? (await getChunks(table, key, item));
    if (packed === undefined) continue;
    const { unpackList } = await loadCodec();
    const annotations = readAnnotations(JSON.parse(textOf(item, 'annotations') ?? 'null'));
    return { entries: await unpackList(packed), ...(annotations && { annotations }), checked };
  }
  return undefined;
}

async function putChunks(
  table: DynamoDbTable,
  key: Key,
  packed: Uint8Array,
  ttl: number | undefined,
): Promise<Item> {
  const version = randomUUID();
  const count = Math.ceil(packed.byteLength / chunkBytes);
  const chunks = Array.from({ length: count }, (_, at) => ({
    ...keyItem(chunkKey(key, version, at)),
    ...timeToLive(ttl),
    bytes: binary(packed.subarray(at * chunkBytes, (at + 1) * chunkBytes)),
  }));
  await writeBatch(table, { put: chunks });
  return { version: text(version), parts: number(count) };
}

async function getChunks(
  table: DynamoDbTable,
  key: Key,
  item: Item,
): Promise<Uint8Array | undefined> {
  const prefix = `${key.sk}#${textOf(item, 'version') ?? ''}#`;
  const range = { condition: 'begins_with(#sk, :prefix)', values: { ':prefix': text(prefix) } };
  const chunks: Uint8Array[] = [];
  for await (const items of table.pages({ pk: key.pk, range })) {
    for (const chunk of items) chunks.push(binaryOf(chunk, 'bytes') ?? new Uint8Array());
  }
  return chunks.length === numberOf(item, 'parts') ? Buffer.concat(chunks) : undefined;
}

/** The index has a fixed number of digits, so that chunks are sorted. */
function chunkKey({ pk, sk }: Key, version: string, at: number): Key {
  return { pk, sk: `${sk}#${version}#${String(at).padStart(6, '0')}` };
}
