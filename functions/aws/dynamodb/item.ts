import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** An item, or the values of an expression. */
export type Item = Record<string, AttributeValue>;

/** The primary key of an item. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export function text(value: string): AttributeValue {
  return { S: value };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function binary(value: Uint8Array): AttributeValue {
  return { B: value };
}

/** The attribute by which DynamoDB deletes an item, in seconds since 1970; none for undefined. */
export function timeToLive(ttl: number | undefined): Item {
  return ttl === undefined ? {} : { ttl: number(ttl) };
}

/** A key as the attributes of an item. */
export function keyItem({ pk, sk }: Key): Item {
  return { pk: text(pk), sk: text(sk) };
}

/** The key of an item. */
export function keyOf(item: Item): Key {
  return { pk: textOf(item, 'pk') ?? '', sk: textOf(item, 'sk') ?? '' };
}

/** Reads a string attribute; undefined if the item has none of this name. */
export function textOf(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function numberOf(item: Item, name: string): number | undefined {
  const digits = item[name]?.N;
  return digits === undefined ? undefined : Number(digits);
}

/** Copies a binary attribute, so that the caller owns the memory. */
export function binaryOf(item: Item, name: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = item[name]?.B;
  return bytes && new Uint8Array(bytes);
}

/**
 * The placeholders of expressions. They write every attribute as `#name`, because hundreds of plain
 * words are reserved.
 */
export function placeholders(
  expressions: readonly (string | undefined)[],
  values: Item | undefined,
): Placeholders {
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

interface Placeholders {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}
