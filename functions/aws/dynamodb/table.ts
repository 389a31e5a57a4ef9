import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  type KeysAndAttributes,
  PutItemCommand,
  paginateQuery,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import type { Consistency } from '../../core/ports/consistency.ts';
import { StoreBusy } from '../../core/ports/leases.ts';
import { isThrottling, ServiceError } from '../sdk/service-error.ts';
import type { DynamoDbClients } from './dynamodb-clients.ts';
import { type Item, type Key, keyItem, placeholders } from './item.ts';

/** A condition on the stored item: `#checked <= :checked`. */
export interface Condition {
  readonly condition: string;
  readonly values?: Item;
}

interface Put extends Partial<Condition> {
  readonly answer?: 'NONE' | 'ALL_OLD';
}

/** A conditional change of one item. */
export interface Update {
  /** `SET #pulled = :pulled`. */
  readonly update: string;
  readonly condition?: string;
  readonly values?: Item;
  /** Whether to return the changed attributes, before or after the change. */
  readonly answer?: 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_OLD';
  /** For a change that must not be applied twice. */
  readonly once?: boolean;
}

/** The result of a conditional write. `refused`: the condition did not hold. */
export type Written =
  | { readonly kind: 'written'; readonly item: Item }
  | { readonly kind: 'refused' };

/** A query of one partition, in the order of the sort keys. */
export interface PartitionQuery {
  readonly pk: string;
  /** A condition on the sort key: `#sk > :last`. */
  readonly range?: Condition;
  /** A condition on other attributes, applied after `pageSize`. */
  readonly filter?: string;
  /** The attributes to return; default: all. */
  readonly attributes?: readonly string[];
  /** Whether the last item comes first. */
  readonly isReversed?: boolean;
  /** How many items a page reads; default: as many as fit into 1 MB. */
  readonly pageSize?: number;
}

/**
 * The table. Reads are strongly consistent by default, so that instances see each other's writes.
 * There is no Scan on purpose.
 */
export class DynamoDbTable {
  readonly #clients: Clients;
  readonly #table: string;

  constructor(clients: Clients, table: string) {
    this.#clients = clients;
    this.#table = table;
  }

  /** Reads an item. An eventually consistent read costs half. */
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

  /** Reads up to 100 items (BatchGetItem). `left` are the keys that were not processed. */
  async getBatch(request: KeysAndAttributes) {
    const RequestItems = { [this.#table]: request };
    const command = new BatchGetItemCommand({ RequestItems });
    const { Responses, UnprocessedKeys } = await unlessBusy(this.#clients.client.send(command));
    return {
      items: Responses?.[this.#table] ?? [],
      left: UnprocessedKeys?.[this.#table]?.Keys ?? [],
    };
  }

  /** Sends up to 25 writes (BatchWriteItem). Returns those that were not processed. */
  async writeBatch(requests: readonly WriteRequest[]): Promise<readonly WriteRequest[]> {
    const RequestItems = { [this.#table]: [...requests] };
    const command = new BatchWriteItemCommand({ RequestItems });
    const { UnprocessedItems } = await unlessBusy(this.#clients.client.send(command));
    return UnprocessedItems?.[this.#table] ?? [];
  }

  /** Writes a whole item; `ALL_OLD` returns the one it replaced. */
  put(item: Item, { condition, values, answer = 'NONE' }: Put = {}): Promise<Written> {
    const conditions = conditional([condition], values);
    const input = { TableName: this.#table, Item: item, ReturnValues: answer, ...conditions };
    const command = new PutItemCommand(input);
    return written(this.#clients.client.send(command));
  }

  /** Writes a whole item and returns the one it replaced. */
  async replace(item: Item): Promise<Item | undefined> {
    const input = { TableName: this.#table, Item: item, ReturnValues: 'ALL_OLD' } as const;
    const { Attributes } = await unlessBusy(this.#clients.client.send(new PutItemCommand(input)));
    return Attributes;
  }

  /** Changes an item, or creates it if the condition allows. */
  update(key: Key, { update, condition, values, answer, once }: Update): Promise<Written> {
    const client = once === true ? this.#clients.once : this.#clients.client;
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      UpdateExpression: update,
      ReturnValues: answer ?? 'NONE',
      ...conditional([condition, update], values),
    });
    return written(client.send(command));
  }

  remove(key: Key, { condition, values }: Partial<Condition> = {}): Promise<Written> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ...conditional([condition], values),
    });
    return written(this.#clients.client.send(command));
  }

  /** Makes a call that only some bundles need. Rejects as the other methods do. */
  call<Output>(make: (client: DynamoDBClient, table: string) => Promise<Output>): Promise<Output> {
    return unlessBusy(make(this.#clients.client, this.#table));
  }

  /** The pages of a query. A page may be empty without being the last one. */
  async *pages({
    pk,
    range,
    filter,
    attributes,
    isReversed,
    pageSize,
  }: PartitionQuery): AsyncGenerator<readonly Item[]> {
    const condition = range === undefined ? '#pk = :pk' : `#pk = :pk AND ${range.condition}`;
    const projected = projection(attributes).ProjectionExpression;
    const pages = paginateQuery(
      { client: this.#clients.client, ...(pageSize !== undefined && { pageSize }) },
      {
        TableName: this.#table,
        KeyConditionExpression: condition,
        ConsistentRead: true,
        ...(isReversed && { ScanIndexForward: false }),
        ...(filter !== undefined && { FilterExpression: filter }),
        ...(projected !== undefined && { ProjectionExpression: projected }),
        ...placeholders([condition, filter, projected], { ...range?.values, ':pk': { S: pk } }),
      },
    );
    for (;;) {
      const page = await unlessBusy(pages.next());
      if (page.done === true) return;
      yield page.value.Items ?? [];
    }
  }

  /** The first item of a query; undefined if there is none. */
  async first(query: PartitionQuery): Promise<Item | undefined> {
    for await (const [item] of this.pages({ ...query, pageSize: 1 })) {
      if (item !== undefined) return item;
    }
    return undefined;
  }
}

type Clients = Pick<DynamoDbClients, 'client' | 'once'>;

/** Rejects with StoreBusy if DynamoDB throttles the call, or a transaction is changing the item. */
async function unlessBusy<Output>(call: Promise<Output>): Promise<Output> {
  try {
    return await call;
  } catch (error) {
    const isConflict =
      error instanceof ServiceError && error.code === 'TransactionConflictException';
    if (!isConflict && !isThrottling(error)) throw error;
    throw new StoreBusy(error.message, { cause: error });
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

/** The parameters of a write: its condition, if any, and the placeholders of this and its update. */
export function conditional(
  [condition, update]: readonly [condition: string | undefined, update?: string],
  values: Item | undefined,
) {
  return {
    ...(condition !== undefined && { ConditionExpression: condition }),
    ...placeholders([condition, update], values),
  };
}

/** The expression for the attributes to return, with its placeholders. */
export function projection(attributes: readonly string[] | undefined): Projection {
  if (attributes === undefined) return {};
  const expression = attributes.map((name) => `#${name}`).join(', ');
  return { ProjectionExpression: expression, ...placeholders([expression], undefined) };
}

interface Projection {
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
}
