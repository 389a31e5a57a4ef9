import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../../forms/program.ts';
import { openDynamoDb } from '../../standins/dynamodb/open-dynamodb.ts';
import { type OpenedS3, openS3 } from '../../standins/s3/open-s3.ts';
import { startSqsServer } from '../../standins/sqs/sqs-server.ts';

/** `pullfront serve` in a process of its own. */
export interface Server {
  readonly url: string;
  /** Ends it at once, as if its machine had failed. */
  kill(): Promise<void>;
}

/** What many servers share: one table, one bucket, one queue. */
export interface SharedStores {
  readonly s3: OpenedS3;
  /** Starts a server that works on the queue of fills, or one that only answers. */
  start(fills: 'here' | 'elsewhere'): Promise<Server>;
  close(): Promise<void>;
}

/** Opens stores for servers that know an upstream as docker.io. */
export async function openSharedStores(upstreamUrl: string): Promise<SharedStores> {
  const dynamoDb = await openDynamoDb();
  const s3 = await openS3();
  const sqs = await startSqsServer();
  const folder = mkdtempSync(join(tmpdir(), 'pullfront-servers-'));
  const running: Program[] = [];
  const shared = {
    table: dynamoDb.tableName,
    bucket: s3.bucket,
    region: s3.region,
    queue: sqs.createQueue('fills'),
    endpoints: { dynamodb: dynamoDb.endpoint, s3: s3.endpoint, sqs: sqs.endpoint },
  };
  const { accessKeyId, secretAccessKey, sessionToken } = s3.credentials;
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
  };

  async function start(fills: 'here' | 'elsewhere'): Promise<Server> {
    const config = join(folder, `${running.length}.json`);
    const upstreams = { 'docker.io': { url: upstreamUrl } };
    const aws = { ...shared, fills };
    writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', store: 'aws', upstreams, aws }));
    const program = new Program(['serve', '--config', config], env);
    running.push(program);
    const url = await program.url();
    return { url, kill: () => ended(program) };
  }

  return {
    s3,
    start,
    async close() {
      await Promise.all(running.map(ended));
      await Promise.all([dynamoDb.close(), s3.close(), sqs.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kills a program and waits for its end. */
async function ended(program: Program): Promise<void> {
  program.child.kill('SIGKILL');
  await program.end();
}
