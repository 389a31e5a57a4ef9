import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDbClients,
  openDynamoDbClients,
} from '../../../functions/aws/dynamodb/dynamodb-clients.ts';
import { type Item, keyOf } from '../../../functions/aws/dynamodb/item.ts';
import { serviceError } from '../../../functions/aws/sdk/service-error.ts';
import { condition, update } from './expressions.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** What one partition key takes in a second, in units. */
const mostWritten = 1000;
const mostRead = 3000;

/** How long a call takes on its way there, and back, in ms. */
const way = 2;

/** For so long after a write an eventually consistent read may not see it, in ms. */
const lag = 20;

/** What a command was made with, and what it gives. */
type Input = Readonly<Record<string, unknown>>;

interface Stored {
  readonly item: Item | undefined;
  /** What was there before, and when that ended. */
  readonly before: Item | undefined;
  readonly written: number;
}

/**
 * A table of DynamoDB in memory that counts capacity units, and throttles a partition key in a
 * second that used up its own. It has no indexes, no transactions and no pages.
 */
export class CountedTable {
  readonly units = { read: 0, written: 0 };
  /** Refused calls, by the beginning of the partition key: `lease`. */
  readonly throttled = new Map<string, number>();
  /** Calls that were refused until the client gave up. */
  givenUp = 0;
  /** The beginning of the partition keys whose calls fail. */
  broken: string | undefined;
  /** Calls, by what was called and the beginning of the partition key: `UpdateItem lease`. */
  readonly calls = new Map<string, number>();
  readonly #time: SimulatedTime;
  readonly #random: () => number;
  readonly #clients = this.#openClients();
  readonly #partitions = new Map<string, Map<string, Stored>>();
  readonly #used = new Map<string, { second: number; read: number; written: number }>();

  constructor(time: SimulatedTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  /**
   * Clients whose calls end here and are repeated when throttled, as PromptRetries does. The SDK's
   * middleware, which would take most of the time of a test, is left out.
   */
  clients(): DynamoDbClients {
    return this.#clients;
  }

  #openClients(): DynamoDbClients {
    const credentials = () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up' });
    const clients = openDynamoDbClients({ region: 'eu-central-1', credentials });
    const send = (command: { readonly input: object }) =>
      this.#repeated(command.constructor.name, { ...command.input });
    for (const client of [clients.client, clients.once]) Object.assign(client, { send });
    return clients;
  }

  async #repeated(action: string, input: Input): Promise<Input> {
    const { now, sleep } = this.#time;
    const began = now();
    for (let attempts = 1; ; attempts++) {
      await sleep(way);
      try {
        const answer = this.#call(action, input);
        await sleep(way);
        return answer;
      } catch (error) {
        await sleep(way);
        const isThrottled = error instanceof Refusal && error.name === 'ThrottlingException';
        if (!isThrottled || attempts === 4 || now() - began >= 1500) {
          if (isThrottled) this.givenUp += 1;
          throw serviceError(`DynamoDB.${action}`, error);
        }
        await sleep(this.#random() * 25 * 4 ** (attempts - 1));
      }
    }
  }

  #call(action: string, input: Input): Input {
    switch (action) {
      case 'GetItemCommand': {
        const key = keyOf(itemOf(input.Key));
        const isConsistent = input.ConsistentRead === true;
        this.#count(action, key.pk);
        const item = this.#read(key.pk, key.sk, isConsistent);
        this.#take(key.pk, 'read', readUnits(item === undefined ? 0 : sizeOf(item), isConsistent));
        return item === undefined ? {} : { Item: item };
      }
      case 'QueryCommand':
        return this.#query(input);
      case 'PutItemCommand': {
        const item = itemOf(input.Item);
        return this.#write(action, item, () => item, input);
      }
      case 'UpdateItemCommand': {
        const key = itemOf(input.Key);
        const change = update(String(input.UpdateExpression));
        return this.#write(
          action,
          key,
          (old) => changed({ ...key, ...old }, change(old, valuesOf(input))),
          input,
        );
      }
      case 'DeleteItemCommand':
        return this.#write(action, itemOf(input.Key), () => undefined, input);
      case 'BatchWriteItemCommand':
        return this.#batch(input);
      default:
        throw new Error(`${action} is not simulated`);
    }
  }

  #write(
    action: string,
    key: Item,
    make: (old: Item | undefined) => Item | undefined,
    input: Input,
  ): Input {
    const { pk, sk } = keyOf(key);
    this.#count(action, pk);
    const old = this.#read(pk, sk, true);
    const text = input.ConditionExpression;
    const isRefused = typeof text === 'string' && !condition(text)(old, valuesOf(input));
    const item = isRefused ? old : make(old);
    // A refused write costs what was there.
    const size = Math.max(1, sizeOf(old ?? {}), sizeOf(item ?? {}));
    this.#take(pk, 'written', Math.ceil(size / 1024));
    if (isRefused) throw new Refusal('ConditionalCheckFailedException');
    const partition = this.#partitions.get(pk) ?? new Map<string, Stored>();
    partition.set(sk, { item, before: old, written: this.#time.now() });
    this.#partitions.set(pk, partition);
    if (input.ReturnValues === 'ALL_NEW') return { Attributes: item };
    return input.ReturnValues === 'NONE' || old === undefined ? {} : { Attributes: old };
  }

  #query(input: Input): Input {
    const values = valuesOf(input);
    const pk = keyOf({ pk: values[':pk'] ?? { S: '' } }).pk;
    this.#count('QueryCommand', pk);
    const isAsked = condition(String(input.KeyConditionExpression));
    const sks = [...(this.#partitions.get(pk)?.keys() ?? [])].sort();
    const items = sks
      .map((sk) => this.#read(pk, sk, true))
      .filter((item) => item !== undefined && isAsked(item, values))
      .slice(0, typeof input.Limit === 'number' ? input.Limit : undefined);
    const size = items.reduce((sum, item) => sum + sizeOf(item ?? {}), 0);
    this.#take(pk, 'read', readUnits(size, true));
    const filter = input.FilterExpression;
    const passes = typeof filter === 'string' ? condition(filter) : () => true;
    return { Items: items.filter((item) => passes(item, values)) };
  }

  /** Items of partitions that throttle are left unprocessed. */
  #batch(input: Input): Input {
    const tables = Object.entries(itemOf(input.RequestItems));
    const left = tables.map(([table, requests]) => [
      table,
      (Array.isArray(requests) ? requests : []).filter((request) => {
        const { PutRequest, DeleteRequest } = request;
        const key = itemOf(PutRequest?.Item ?? DeleteRequest?.Key);
        try {
          this.#write('BatchWriteItemCommand', key, () => PutRequest && key, {});
          return false;
        } catch {
          return true;
        }
      }),
    ]);
    return { UnprocessedItems: Object.fromEntries(left.filter(([, entries]) => entries?.length)) };
  }

  #read(pk: string, sk: string, isConsistent: boolean): Item | undefined {
    const stored = this.#partitions.get(pk)?.get(sk);
    if (stored === undefined) return undefined;
    const isOld = !isConsistent && this.#time.now() - stored.written < lag;
    return isOld ? stored.before : stored.item;
  }

  #take(pk: string, kind: 'read' | 'written', units: number): void {
    const second = Math.floor(this.#time.now() / 1000);
    let used = this.#used.get(pk);
    if (used?.second !== second) {
      used = { second, read: 0, written: 0 };
      this.#used.set(pk, used);
    }
    if (used[kind] + units > (kind === 'read' ? mostRead : mostWritten)) {
      add(this.throttled, kindOf(pk));
      throw new Refusal('ThrottlingException');
    }
    used[kind] += units;
    this.units[kind] += units;
  }

  #count(action: string, pk: string): void {
    if (kindOf(pk) === this.broken) throw new Refusal('InternalServerError');
    add(this.calls, `${action.replace('Command', '')} ${kindOf(pk)}`);
  }
}

function changed(item: Item, changes: Record<string, AttributeValue | undefined>): Item {
  const entries = Object.entries({ ...item, ...changes });
  return Object.fromEntries(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function kindOf(pk: string): string {
  return /^[^#]*/.exec(pk)?.[0] ?? '';
}

/** An error answer as the SDK rejects with it. */
class Refusal extends Error {
  readonly $metadata = { httpStatusCode: 400 };

  constructor(code: string) {
    super();
    this.name = code;
  }
}

function readUnits(size: number, isConsistent: boolean): number {
  return Math.max(1, Math.ceil(size / 4096)) * (isConsistent ? 1 : 0.5);
}

/** About what DynamoDB counts: the names and the values of all attributes, in bytes. */
function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => {
    return sum + name.length + (value.S ?? value.N ?? value.B ?? '').length;
  }, 0);
}

function itemOf(value: unknown): Item {
  return Object(value);
}

function valuesOf(input: Input): Item {
  return itemOf(input.ExpressionAttributeValues);
}
