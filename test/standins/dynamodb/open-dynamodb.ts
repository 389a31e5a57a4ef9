import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import {
  type DynamoDbClients,
  openDynamoDbClients,
} from '../../../functions/aws/dynamodb/dynamodb-clients.ts';

import { DynamoDbTable } from '../../../functions/aws/dynamodb/table.ts';
import type { KnownServer, TableAddress } from './exchange.ts';
import { type ServiceProxy, startServiceProxy } from './service-proxy.ts';
import { tableDefinition, timeToLive } from './table-definition.ts';
import { startTransactionServer, type Units } from './transaction-server.ts';

/** A DynamoDB, with a table of its own for one test. */
export interface OpenedDynamoDb extends TableAddress {
  /** The table, asked through the proxy. */
  readonly table: DynamoDbTable;
  /** What all calls took so far; undefined for a server of its own. */
  readonly units: Units | undefined;
  /** Sees every call, and answers some in DynamoDB's place. */
  readonly proxy: ServiceProxy;
  /** The table as another instance has it, past the proxy. */
  another(): DynamoDbTable;
  close(): Promise<void>;
}

const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = process.env;
export const region = AWS_REGION ?? 'us-east-1';

/** Credentials of the environment, or made-up ones. */
export const credentials = () => ({
  accessKeyId: AWS_ACCESS_KEY_ID ?? 'AKIDEXAMPLE',
  secretAccessKey: AWS_SECRET_ACCESS_KEY ?? 'made up for the test',
  sessionToken: AWS_SESSION_TOKEN,
});

/** The clients of the DynamoDB at `endpoint`; their clock in ms. */
export function dynamoDbClients(
  endpoint: string,
  now: () => number = Date.now,
  readPatience?: number,
): DynamoDbClients {
  return openDynamoDbClients({
    region,
    credentials,
    endpoint: new URL(endpoint),
    now,
    readPatience,
  });
}

/** dynalite is in the test's process, which may be busy for seconds. */
const clientsOf = (endpoint: string) => dynamoDbClients(endpoint, Date.now, 60_000);

/**
 * Makes a table in the DynamoDB at TEST_DYNAMODB (a server that speaks its protocol, of
 * TEST_DYNAMODB_KIND where that is known to differ, or the real one), else in a dynalite
 * of this process, with transactions before it.
 */
export async function openDynamoDb(): Promise<OpenedDynamoDb> {
  const given = process.env.TEST_DYNAMODB;
  const own = given === undefined ? await startDynalite() : undefined;
  const endpoint = given ?? own?.endpoint ?? '';
  const tableName = `pullfront-test-${process.pid}-${Date.now()}-${made++}`;
  const direct = clientsOf(endpoint);
  const kind = own ? 'dynalite' : knownServer(process.env.TEST_DYNAMODB_KIND);
  await makeTable(direct, tableName, kind !== 'dynalite');
  const proxy = await startServiceProxy(endpoint);
  // A real DynamoDB checks that the signed host is its own, so the proxy sees nothing of it: the
  // contracts run there, the tests of calls and faults do not.
  const isLocal = new URL(endpoint).protocol === 'http:';
  const asked = clientsOf(isLocal ? proxy.endpoint : endpoint);
  return {
    endpoint,
    tableName,
    kind,
    units: own?.units,
    proxy,
    table: new DynamoDbTable(asked, tableName),
    another: () => new DynamoDbTable(direct, tableName),
    async close() {
      await direct.client.send(new DeleteTableCommand({ TableName: tableName }));
      direct.close();
      asked.close();
      await proxy.close();
      await own?.close();
    },
  };
}

let made = 0;

function knownServer(name: string | undefined): KnownServer | undefined {
  return name === 'moto' || name === 'dynalite' ? name : undefined;
}

async function startDynalite() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const transactions = await startTransactionServer(`http://127.0.0.1:${port}`);
  return {
    endpoint: transactions.endpoint,
    units: transactions.units,
    async close() {
      await transactions.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function makeTable({ client, once }: DynamoDbClients, name: string, hasTtl: boolean) {
  await once.send(new CreateTableCommand(tableDefinition(name)));
  // The SDK's waiter pauses for seconds.
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.TableStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (hasTtl) await client.send(new UpdateTimeToLiveCommand(timeToLive(name)));
}
