import type { Consistency } from '../../core/ports/manifest-store.ts';
import { StoreBusy } from '../../core/ports/store-busy.ts';
import type { JsonObject, JsonService } from '../sdk/json-service.ts';
import { isThrottling, ServiceError } from '../sdk/service-error.ts';
import { type Item, type Key, keyItem, placeholders, readItem, readItems } from './item.ts';

/** What must hold of the stored item for a write to happen: `#checked <= :checked`. */
export interface Condition {
  readonly condition: string;
  readonly values?: Item;
}

/** A change of one item, and what must hold of it before. */
export interface Update {
  /** `SET #pulled = :pulled`. */
  readonly update: string;
  readonly condition?: string;
  readonly values?: Item;
  /** Which attributes the answer holds: the changed ones, as they were or as they are. */
  readonly answer?: 'UPDATED_OLD' | 'UPDATED_NEW';
  /** For a change that must not be made twice. */
  readonly once?: boolean;
}

/** What a batch gave, and what of it is to be asked for again, as it was sent. */
export interface BatchAnswer {
  readonly items: readonly Item[];
  readonly unprocessed: unknown;
}

/** How a conditional write ended. A refusal is an answer, not a failure. */
export type Written =
  | { readonly kind: 'written'; readonly item: Item }
  | { readonly kind: 'refused' };

/** The items of one partition that are wanted, in the order of their sort keys. */
export interface PartitionQuery {
  readonly pk: string;
  /** Of the sort key, with its values: `#sk > :last`. */
  readonly range?: Condition;
  /** Of the other attributes; it is applied after `pageSize`. */
  readonly filter?: string;
  /** The attributes that are wanted; all when absent. */
  readonly attributes?: readonly string[];
  /** How many items a page reads; as many as 1 MB holds when absent. */
  readonly pageSize?: number;
}

/**
 * The one table. Reads are strongly consistent unless the caller says that they need not be: what
 * one instance wrote, the next one reads. There is no Scan here on purpose.
 */
export class DynamoDbTable {
  readonly #service: JsonService;
  readonly #table: string;

  constructor(service: JsonService, table: string) {
    this.#service = service;
    this.#table = table;
  }

  #call(action: string, input: JsonObject, once = false): Promise<JsonObject> {
    return this.#ask(action, { TableName: this.#table, ...input }, once);
  }

  /** A partition key takes 1,000 units of writes and 3,000 of reads a second. */
  async #ask(action: string, input: JsonObject, once = false): Promise<JsonObject> {
    try {
      return await this.#service.call(action, input, { once });
    } catch (error) {
      throw isThrottling(error) ? new StoreBusy(error.message, { cause: error }) : error;
    }
  }

  /** A BatchWriteItem or BatchGetItem of this table alone. */
  async batch(action: string, request: unknown): Promise<BatchAnswer> {
    const answer = await this.#ask(action, { RequestItems: { [this.#table]: request } });
    const ofTable = (value: unknown): unknown => readItem(value)?.[this.#table];
    return {
      items: readItems(ofTable(answer.Responses)),
      unprocessed: ofTable(answer.UnprocessedItems) ?? ofTable(answer.UnprocessedKeys),
    };
  }

  /** An eventually consistent read costs half. */
  async get(
    key: Key,
    attributes?: readonly string[],
    consistency: Consistency = 'strong',
  ): Promise<Item | undefined> {
    const answer = await this.#call('GetItem', {
      Key: keyItem(key),
      ConsistentRead: consistency === 'strong',
      ...projection(attributes),
    });
    return readItem(answer.Item);
  }

  /** Writes a whole item. */
  put(item: Item, { condition, values }: Partial<Condition> = {}): Promise<Written> {
    return this.#write('PutItem', { Item: item, ...conditional(condition, values) });
  }

  /** Writes a whole item and gives the one it replaced; undefined for none. */
  async replace(item: Item): Promise<Item | undefined> {
    const { Attributes } = await this.#call('PutItem', { Item: item, ReturnValues: 'ALL_OLD' });
    return readItem(Attributes);
  }

  /** Changes an item, or makes it when there is none and the condition allows it. */
  update(key: Key, { update, condition, values, answer, once }: Update): Promise<Written> {
    const input = {
      Key: keyItem(key),
      UpdateExpression: update,
      ReturnValues: answer ?? 'NONE',
      ...(condition !== undefined && { ConditionExpression: condition }),
      ...placeholders([update, condition], values),
    };
    return this.#write('UpdateItem', input, once);
  }

  remove(key: Key, { condition, values }: Partial<Condition> = {}): Promise<Written> {
    return this.#write('DeleteItem', { Key: keyItem(key), ...conditional(condition, values) });
  }

  /** The pages of a query, each up to 1 MB of items. A page may be empty and not the last. */
  async *pages({
    pk,
    range,
    filter,
    attributes,
    pageSize,
  }: PartitionQuery): AsyncGenerator<readonly Item[]> {
    const condition = range === undefined ? '#pk = :pk' : `#pk = :pk AND ${range.condition}`;
    const wanted = projection(attributes).ProjectionExpression;
    let start: unknown;
    do {
      const answer = await this.#call('Query', {
        KeyConditionExpression: condition,
        ConsistentRead: true,
        ...(filter !== undefined && { FilterExpression: filter }),
        ...(wanted !== undefined && { ProjectionExpression: wanted }),
        ...placeholders([condition, filter, wanted], { ...range?.values, ':pk': { S: pk } }),
        ...(pageSize !== undefined && { Limit: pageSize }),
        ...(start !== undefined && { ExclusiveStartKey: start }),
      });
      yield readItems(answer.Items);
      start = answer.LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** The first item of a query; undefined when it has none. */
  async first(query: PartitionQuery): Promise<Item | undefined> {
    for await (const [item] of this.pages({ ...query, pageSize: 1 })) {
      if (item !== undefined) return item;
    }
    return undefined;
  }

  async #write(action: string, input: JsonObject, once?: boolean): Promise<Written> {
    try {
      const { Attributes } = await this.#call(action, input, once);
      return { kind: 'written', item: readItem(Attributes) ?? {} };
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'ConditionalCheckFailedException') {
        return { kind: 'refused' };
      }
      throw error;
    }
  }
}

function conditional(condition: string | undefined, values: Item | undefined): JsonObject {
  if (condition === undefined) return {};
  return { ConditionExpression: condition, ...placeholders([condition], values) };
}

function projection(attributes: readonly string[] | undefined): JsonObject & {
  readonly ProjectionExpression?: string;
} {
  if (attributes === undefined) return {};
  const expression = attributes.map((name) => `#${name}`).join(', ');
  return { ProjectionExpression: expression, ...placeholders([expression], undefined) };
}
