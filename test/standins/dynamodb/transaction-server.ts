import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Readonly<Record<string, unknown>>;

interface Reply {
  readonly status: number;
  readonly text: string;
}

type Send = (action: string, input: Json) => Promise<Reply>;

/** The parameters of an operation in a transaction. */
interface Operation extends Json {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
}

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Capacity units that DynamoDB bills. */
export interface Units {
  read: number;
  written: number;
}

/** A DynamoDB with transactions, before one without. */
export interface TransactionServer {
  readonly endpoint: string;
  /** What its calls took so far. */
  readonly units: Units;
  close(): Promise<void>;
}

/** The most operations of a transaction. */
const mostOperations = 100;

/**
 * Starts a server before the DynamoDB at `endpoint` that carries out TransactWriteItems with its single
 * writes, and takes them back if one is refused. One call runs at a time, so no other sees them.
 */
export async function startTransactionServer(endpoint: string): Promise<TransactionServer> {
  /** The transactions that were carried out, by their tokens. */
  const done = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  const units: Units = { read: 0, written: 0 };

  const answer = async (headers: IncomingHttpHeaders, body: string): Promise<Reply> => {
    const target = String(headers['x-amz-target']);
    const [version = '', action = ''] = target.split('.');
    const send = (one: string, text: string) => post(endpoint, headers, `${version}.${one}`, text);
    if (action !== 'TransactWriteItems') {
      const reply = await send(action, counting(action, body));
      units[isRead(action) ? 'read' : 'written'] += unitsOf(reply);
      return reply;
    }
    const { ClientRequestToken: token, TransactItems: items } = JSON.parse(body);
    const before = typeof token === 'string' ? done.get(token) : undefined;
    if (before === body) return { status: 200, text: '{}' };
    if (before !== undefined) return failure('IdempotentParameterMismatchException');
    const reply = await transact(items, async (one, input) => {
      const single = await send(one, counting(one, JSON.stringify(input)));
      // A transaction takes each unit twice; its reads are our own.
      if (!isRead(one)) units.written += 2 * unitsOf(single);
      return single;
    });
    if (typeof token === 'string' && reply.status === 200) done.set(token, body);
    return reply;
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const answering = last.then(() => answer(request.headers, body));
      last = answering.catch(() => undefined);
      answering.then(
        ({ status, text }) => {
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
          response.end(text);
        },
        () => request.socket.destroy(),
      );
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    units,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const counted = /^(?:(?:Batch)?GetItem|Query|(?:Put|Update|Delete|BatchWrite)Item)$/;

function isRead(action: string): boolean {
  return action.includes('Get') || action === 'Query';
}

/** The call, with the units that it takes in its answer. */
function counting(action: string, body: string): string {
  if (!counted.test(action)) return body;
  return JSON.stringify({ ...JSON.parse(body), ReturnConsumedCapacity: 'TOTAL' });
}

/** A refused write takes a unit as well: the mirror's conditions are about items of up to 1 KB. */
function unitsOf({ status, text }: Reply): number {
  if (status !== 200) return text.includes('ConditionalCheckFailedException') ? 1 : 0;
  const { ConsumedCapacity = [] } = JSON.parse(text);
  const all: { readonly CapacityUnits: number }[] = [ConsumedCapacity].flat();
  return all.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
}

async function post(
  endpoint: string,
  headers: IncomingHttpHeaders,
  target: string,
  body: string,
): Promise<Reply> {
  const names = ['content-type', 'x-amz-date', 'authorization'];
  const sent = names.map((name) => [name, String(headers[name])]);
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { ...Object.fromEntries(sent), 'x-amz-target': target },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

async function transact(items: readonly Json[], send: Send): Promise<Reply> {
  const operations = items.map((item) => Object.entries(item)[0] as [string, Operation]);
  const places = operations.map(([, operation]) => placeOf(operation));
  const isValid = places.length > 0 && places.length <= mostOperations;
  if (!isValid || new Set(places).size < places.length) return failure('ValidationException');
  const undo: (() => Promise<Reply>)[] = [];
  const reasons: Json[] = [];
  let missing: Reply | undefined;
  for (const [name, operation] of operations) {
    const { TableName } = operation;
    const Key = keyOf(operation);
    const old = await send('GetItem', { TableName, Key, ConsistentRead: true });
    if (old.status !== 200) {
      missing = old;
      break;
    }
    const { Item } = JSON.parse(old.text);
    undo.push(() =>
      Item === undefined
        ? send('DeleteItem', { TableName, Key })
        : send('PutItem', { TableName, Item }),
    );
    const { status, text } = await apply(name, operation, Item, send);
    reasons.push(status === 200 ? { Code: 'None' } : reasonOf(text, operation, Item));
  }
  if (missing === undefined && reasons.every(({ Code }) => Code === 'None')) {
    return { status: 200, text: '{}' };
  }
  for (const one of undo.reverse()) await one();
  return missing ?? failure('TransactionCanceledException', { CancellationReasons: reasons });
}

function apply(
  name: string,
  operation: Operation,
  old: Item | undefined,
  send: Send,
): Promise<Reply> {
  const { ReturnValuesOnConditionCheckFailure: _, ...input } = operation;
  if (name !== 'ConditionCheck') return send(`${name}Item`, input);
  // A put of what is there changes nothing, and one of what is not there is taken back.
  const { Key, ...condition } = input;
  return send('PutItem', { ...condition, Item: old ?? Key });
}

function reasonOf(text: string, operation: Operation, old: Item | undefined): Json {
  const { __type, message = 'The conditional request failed' } = JSON.parse(text);
  if (!String(__type).endsWith('ConditionalCheckFailedException')) {
    return { Code: 'ValidationError', Message: message };
  }
  const isAsked = operation.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const item = isAsked && old !== undefined && { Item: old };
  return { Code: 'ConditionalCheckFailed', Message: message, ...item };
}

function keyOf({ Key, Item }: Operation): Item {
  const { pk = {}, sk = {} } = Key ?? Item ?? {};
  return { pk, sk };
}

function placeOf(operation: Operation): string {
  return JSON.stringify([operation.TableName, keyOf(operation)]);
}

function failure(type: string, more: Json = {}): Reply {
  const __type = `com.amazonaws.dynamodb.v20120810#${type}`;
  return { status: 400, text: JSON.stringify({ __type, message: type, ...more }) };
}
