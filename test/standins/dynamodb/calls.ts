import type { Ask, Look } from './exchange.ts';

/** A value, an item or a map of them in DynamoDB's JSON. */
type Json = Readonly<Record<string, unknown>>;

export const s = (value: string): Json => ({ S: value });
export const n = (value: number): Json => ({ N: String(value) });
export const b = (bytes: number): Json => ({ B: Buffer.alloc(bytes, 1).toString('base64') });

/** The key of an item of the row. */
export const key = (sk = 'item'): Json => ({ pk: s('{row}'), sk: s(sk) });

/** A call about the test's table. */
export function call(action: string, input: Json = {}): Ask {
  return { action, input: { TableName: '{table}', ...input } };
}

/** Writes an item with these attributes. */
export function put(attributes: Json, more: Json = {}): Ask {
  return call('PutItem', { Item: { ...key(), ...attributes }, ...more });
}

/** Changes an item; `values` are those of its expressions. */
export function update(expression: string, values: Json, more: Json = {}): Ask {
  return call('UpdateItem', {
    Key: key(),
    UpdateExpression: expression,
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ...more,
  });
}

export function remove(more: Json = {}): Ask {
  return call('DeleteItem', { Key: key(), ...more });
}

/** A condition with its names, each `#name` for the attribute `name`, and its values. */
export function when(condition: string, values?: Json): Json {
  return {
    ConditionExpression: condition,
    ...names(condition),
    ...(values !== undefined && { ExpressionAttributeValues: values }),
  };
}

/** The names of expressions. */
export function names(...expressions: readonly string[]): Json {
  const found = expressions.flatMap((expression) => expression.match(/#\w+/g) ?? []);
  return {
    ExpressionAttributeNames: Object.fromEntries(found.map((name) => [name, name.slice(1)])),
  };
}

/** Looks at the item of the row: these attributes and no others, or no item at all. */
export function left(attributes: Json | undefined, sk = 'item'): Look {
  return {
    ask: call('GetItem', { Key: key(sk), ConsistentRead: true }),
    expect: { answer: { Item: attributes && { ...key(sk), ...attributes } } },
  };
}
