import type { JsonObject } from '../sdk/json-service.ts';

/** A value of an item, as DynamoDB's JSON writes it: a text, a number, or bytes in base64. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string };

/** An item, or the values of an expression. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The primary key of an item. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** A text; DynamoDB takes an empty one outside a key. */
export function text(value: string): AttributeValue {
  return { S: value };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function binary(value: Uint8Array): AttributeValue {
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { B: buffer.toString('base64') };
}

/** A key as an item, or as the beginning of one. */
export function keyItem({ pk, sk }: Key): Item {
  return { pk: text(pk), sk: text(sk) };
}

/** The key of an item that was read. */
export function keyOf(item: Item): Key {
  return { pk: textOf(item, 'pk') ?? '', sk: textOf(item, 'sk') ?? '' };
}

/** Reads a text; undefined when there is none of this name. */
export function textOf(item: Item, name: string): string | undefined {
  const value = item[name];
  return value !== undefined && 'S' in value ? value.S : undefined;
}

export function numberOf(item: Item, name: string): number | undefined {
  const value = item[name];
  return value !== undefined && 'N' in value ? Number(value.N) : undefined;
}

/** Reads bytes into memory of their own: they are the reader's. */
export function binaryOf(item: Item, name: string): Uint8Array<ArrayBuffer> | undefined {
  const value = item[name];
  return value !== undefined && 'B' in value
    ? new Uint8Array(Buffer.from(value.B, 'base64'))
    : undefined;
}

/** Items of an answer. What is in them was written by `text`, `number` and `binary`. */
export function readItems(value: unknown): Item[] {
  return Array.isArray(value) ? value.map(readItem).filter((item) => item !== undefined) : [];
}

/** One item of an answer; undefined when there is none. */
export function readItem(value: unknown): Item | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // The service made it after its own documentation; each value is looked at when it is read.
  return value as Item;
}

/**
 * The placeholders of expressions. Every attribute is written `#name` there, because hundreds of
 * plain words are reserved, and stands for the attribute of that name.
 */
export function placeholders(
  expressions: readonly (string | undefined)[],
  values: Item | undefined,
): JsonObject {
  const names: Record<string, string> = {};
  for (const expression of expressions) {
    for (const [placeholder] of expression?.matchAll(/#\w+/g) ?? []) {
      names[placeholder] = placeholder.slice(1);
    }
  }
  return {
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(values !== undefined && { ExpressionAttributeValues: values }),
  };
}
