import type { JsonObject } from '../sdk/json-service.ts';
import type { Item } from './item.ts';

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
