import { randomUUID } from 'node:crypto';
import { writeBatch } from './batch.ts';
import {
  binary,
  binaryOf,
  type Item,
  type Key,
  keyItem,
  number,
  numberOf,
  text,
  textOf,
} from './item.ts';
import type { DynamoDbTable } from './table.ts';

/** A list is cut into chunks of so many bytes. Ten thousand usual tags are one chunk. */
const chunkBytes = 320 * 1024;

/** Loaded with the first list: a pull needs none, and a new instance should answer soon. */
const packing = () => import('./list-codec.ts');

/** A list as it was put last, and the upstream's answer it comes from (ms since 1970). */
export interface StoredList {
  readonly entries: readonly unknown[];
  readonly checked: number;
}

/**
 * Puts a list, packed by gzip. One that is longer than an item goes into chunks of its own version,
 * which are written before the item that names the version, and removed after the next one.
 */
export async function putList(
  table: DynamoDbTable,
  key: Key,
  { entries, checked }: StoredList,
): Promise<void> {
  const { packList } = await packing();
  const packed = await packList(entries);
  const item = { ...keyItem(key), checked: number(checked) };
  const before = await table.replace(
    packed.byteLength <= chunkBytes
      ? { ...item, bytes: binary(packed) }
      : { ...item, ...(await putChunks(table, key, packed)) },
  );
  const version = before && textOf(before, 'version');
  if (before === undefined || version === undefined) return;
  const chunks = Array.from({ length: numberOf(before, 'parts') ?? 0 }, (_, at) =>
    chunkKey(key, version, at),
  );
  await writeBatch(table, { remove: chunks });
}

/** The list that was put last; undefined when there is none. */
export async function getList(table: DynamoDbTable, key: Key): Promise<StoredList | undefined> {
  // A list that is replaced while its chunks are read is read once more.
  for (let attempt = 0; attempt < 3; attempt++) {
    const item = await table.get(key);
    const checked = item && numberOf(item, 'checked');
    if (item === undefined || checked === undefined) return undefined;
    const packed = binaryOf(item, 'bytes') ?? (await getChunks(table, key, item));
    if (packed === undefined) continue;
    const { unpackList } = await packing();
    return { entries: await unpackList(packed), checked };
  }
  return undefined;
}

async function putChunks(table: DynamoDbTable, key: Key, packed: Uint8Array): Promise<Item> {
  const version = randomUUID();
  const count = Math.ceil(packed.byteLength / chunkBytes);
  const chunks = Array.from({ length: count }, (_, at) => ({
    ...keyItem(chunkKey(key, version, at)),
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

/** The chunks sort in their order: as many digits as the most chunks have. */
function chunkKey({ pk, sk }: Key, version: string, at: number): Key {
  return { pk, sk: `${sk}#${version}#${String(at).padStart(6, '0')}` };
}
