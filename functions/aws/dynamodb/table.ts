import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  type KeysAndAttributes,
  PutItemCommand,
  paginateQuery,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { StoreBusy } from '../../core/ports/leases.ts';
import type { Consistency } from '../../core/ports/manifest-store.ts';
import { isThrottling, ServiceError } from '../sdk/service-error.ts';
import type { DynamoDbClients } from './dynamodb-clients.ts';
import { type Item, type Key, keyItem, placeholders } from './item.ts';

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
  readonly #clients: Clients;
  readonly #table: string;

  constructor(clients: Clients, table: string) {
    this.#clients = clients;
    this.#table = table;
  }

  /** An eventually consistent read costs half. */
  async get(
    key: Key,
    attributes?: readonly string[],
    consistency: Consistency = 'strong',
  ): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ConsistentRead: consistency === 'strong',
      ...projection(attributes),
    });
    const { Item } = await unlessBusy(this.#clients.client.send(command));
    return Item;
  }

  /** Reads some of many items (BatchGetItem), 100 at most; gives back the keys that are left. */
  async getBatch(request: KeysAndAttributes) {
    const RequestItems = { [this.#table]: request };
    const command = new BatchGetItemCommand({ RequestItems });
    const { Responses, UnprocessedKeys } = await unlessBusy(this.#clients.client.send(command));
    return {
      items: Responses?.[this.#table] ?? [],
      left: UnprocessedKeys?.[this.#table]?.Keys ?? [],
    };
  }

  /** Makes some of many writes (BatchWriteItem), 25 at most; gives back those that are left. */
  async writeBatch(requests: readonly WriteRequest[]): Promise<readonly WriteRequest[]> {
    const RequestItems = { [this.#table]: [...requests] };
    const command = new BatchWriteItemCommand({ RequestItems });
    const { UnprocessedItems } = await unlessBusy(this.#clients.client.send(command));
    return UnprocessedItems?.[this.#table] ?? [];
  }

  /** Writes a whole item. */
  put(item: Item, { condition, values }: Partial<Condition> = {}): Promise<Written> {
    const conditions = conditional(condition, values);
    const command = new PutItemCommand({ TableName: this.#table, Item: item, ...conditions });
    return written(this.#clients.client.send(command));
  }

  /** Writes a whole item and gives the one it replaced; undefined for none. */
  async replace(item: Item): Promise<Item | undefined> {
    const input = { TableName: this.#table, Item: item, ReturnValues: 'ALL_OLD' } as const;
    const { Attributes } = await unlessBusy(this.#clients.client.send(new PutItemCommand(input)));
    return Attributes;
  }

  /** Changes an item, or makes it when there is none and the condition allows it. */
  update(key: Key, { update, condition, values, answer, once }: Update): Promise<Written> {
    const client = once === true ? this.#clients.once : this.#clients.client;
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      UpdateExpression: update,
      ReturnValues: answer ?? 'NONE',
      ...(condition !== undefined && { ConditionExpression: condition }),
      ...placeholders([update, condition], values),
    });
    return written(client.send(command));
  }

  remove(key: Key, { condition, values }: Partial<Condition> = {}): Promise<Written> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ...conditional(condition, values),
    });
    return written(this.#clients.client.send(command));
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
    const pages = paginateQuery(
      { client: this.#clients.client, ...(pageSize !== undefined && { pageSize }) },
      {
        TableName: this.#table,
        KeyConditionExpression: condition,
        ConsistentRead: true,
        ...(filter !== undefined && { FilterExpression: filter }),
        ...(wanted !== undefined && { ProjectionExpression: wanted }),
        ...placeholders([condition, filter, wanted], { ...range?.values, ':pk': { S: pk } }),
      },
    );
    for (;;) {
      const page = await unlessBusy(pages.next());
      if (page.done === true) return;
      yield page.value.Items ?? [];
    }
  }

  /** The first item of a query; undefined when it has none. */
  async first(query: PartitionQuery): Promise<Item | undefined> {
    for await (const [item] of this.pages({ ...query, pageSize: 1 })) {
      if (item !== undefined) return item;
    }
    return undefined;
  }
}

type Clients = Pick<DynamoDbClients, 'client' | 'once'>;

/** A partition key takes 1,000 units of writes and 3,000 of reads a second. */
async function unlessBusy<Output>(call: Promise<Output>): Promise<Output> {
  try {
    return await call;
  } catch (error) {
    throw isThrottling(error) ? new StoreBusy(error.message, { cause: error }) : error;
  }
}

async function written(
  call: Promise<{ readonly Attributes?: Item | undefined }>,
): Promise<Written> {
  try {
    const { Attributes } = await unlessBusy(call);
    return { kind: 'written', item: Attributes ?? {} };
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ConditionalCheckFailedException') {
      return { kind: 'refused' };
    }
    throw error;
  }
}

function conditional(condition: string | undefined, values: Item | undefined) {
  if (condition === undefined) return {};
  return { ConditionExpression: condition, ...placeholders([condition], values) };
}

/** The wanted attributes as an expression with its placeholders. */
export function projection(attributes: readonly string[] | undefined): Projection {
  if (attributes === undefined) return {};
  const expression = attributes.map((name) => `#${name}`).join(', ');
  return { ProjectionExpression: expression, ...placeholders([expression], undefined) };
}

interface Projection {
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
}
