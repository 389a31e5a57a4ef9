import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { DynamoDbTable } from '../../../functions/aws/dynamodb/table.ts';
import { tableDefinition, timeToLive } from '../../../functions/aws/dynamodb/table-definition.ts';
import { nodeHashing } from '../../../functions/aws/hashing.ts';
import { createJsonService, type JsonService } from '../../../functions/aws/json-service.ts';
import { createSigner } from '../../../functions/core/signing/signer.ts';
import { type ServiceProxy, startServiceProxy } from './service-proxy.ts';

/** A DynamoDB, with a table of its own for one test. */
export interface OpenedDynamoDb {
  readonly endpoint: string;
  readonly tableName: string;
  /** The table, asked through the proxy. */
  readonly table: DynamoDbTable;
  /** Sees every call, and answers some in DynamoDB's place. */
  readonly proxy: ServiceProxy;
  /** The table as another instance has it, past the proxy. */
  another(): DynamoDbTable;
  close(): Promise<void>;
}

/** A client of DynamoDB with credentials of the environment, or made-up ones; its clock in ms. */
export function dynamoDbService(endpoint: string, now: () => number = Date.now): JsonService {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = process.env;
  const signer = createSigner({
    service: 'dynamodb',
    region: AWS_REGION ?? 'us-east-1',
    credentials: () => ({
      accessKeyId: AWS_ACCESS_KEY_ID ?? 'AKIDEXAMPLE',
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? 'made up for the test',
      sessionToken: AWS_SESSION_TOKEN,
    }),
    now: Date.now,
    hashing: nodeHashing,
  });
  return createJsonService({ target: 'DynamoDB_20120810', endpoint, signer, now });
}

/**
 * Makes a table in the DynamoDB at PULLFRONT_TEST_DYNAMODB (moto, or the real one), else
 * in one that runs in this process.
 */
export async function openDynamoDb(): Promise<OpenedDynamoDb> {
  const given = process.env.PULLFRONT_TEST_DYNAMODB;
  const own = given === undefined ? await startDynalite() : undefined;
  const endpoint = given ?? own?.endpoint ?? '';
  const tableName = `pullfront-test-${process.pid}-${Date.now()}-${made++}`;
  const direct = dynamoDbService(endpoint);
  await makeTable(direct, tableName, given !== undefined);
  const proxy = await startServiceProxy(endpoint);
  // A real DynamoDB checks that the signed host is its own, so the proxy sees nothing of it: the
  // contracts run there, the tests of calls and faults do not.
  const isLocal = new URL(endpoint).protocol === 'http:';
  const asked = dynamoDbService(isLocal ? proxy.endpoint : endpoint);
  return {
    endpoint,
    tableName,
    proxy,
    table: new DynamoDbTable(asked, tableName),
    another: () => new DynamoDbTable(direct, tableName),
    async close() {
      await direct.call('DeleteTable', { TableName: tableName });
      direct.close();
      asked.close();
      await proxy.close();
      await own?.close();
    },
  };
}

let made = 0;

async function startDynalite() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function makeTable(service: JsonService, name: string, hasTtl: boolean): Promise<void> {
  await service.call('CreateTable', tableDefinition(name), { once: true });
  for (;;) {
    const { Table } = await service.call('DescribeTable', { TableName: name });
    if (JSON.stringify(Table).includes('"TableStatus":"ACTIVE"')) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (hasTtl) await service.call('UpdateTimeToLive', timeToLive(name));
}
