import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { S3FaultAction } from './faults.ts';
import { type S3Server, type S3ServerOptions, startS3Server } from './s3-server.ts';
import { type Received, type SignedAs, send, signed } from './signed-request.ts';

const region = 'eu-west-1';
const bucket = 'mirror';
const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 's+/=', sessionToken: 't+/==' };
const open: S3Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(options: Partial<S3ServerOptions> = {}): Promise<S3Server> {
  const server = await startS3Server({ credentials, region, bucket, ...options });
  open.push(server);
  return server;
}

async function ask(
  { endpoint }: S3Server,
  { method = 'GET', body, headers = {} }: { method?: string; body?: Buffer; headers?: object } = {},
  as: SignedAs = { kind: 'header' },
  token: string | undefined = credentials.sessionToken,
): Promise<Received> {
  const address = {
    endpoint,
    bucket,
    region,
    credentials: { ...credentials, sessionToken: token },
  };
  const plain = { method, path: '/mirror/key', query: '', headers: { ...headers }, body };
  const request = await signed(plain, address, as);
  const length = { 'content-length': String(body?.length ?? 0) };
  return await send(method, { ...request, headers: { ...length, ...request.headers } }, body);
}

const put = { method: 'PUT', body: Buffer.from('hello') };

it.each(['header', 'query'] as const)('takes a session token in the %s', async (kind) => {
  const server = await start();
  expect((await ask(server, put)).status).toBe(200);
  expect((await ask(server, {}, { kind })).body.toString()).toBe('hello');
  const wrong = await ask(server, {}, { kind }, 'another');
  expect(wrong.body.toString()).toContain('InvalidToken');
});

it('keeps no credentials in its record', async () => {
  const server = await start();
  await ask(server, put);
  await ask(server, {}, { kind: 'query' });
  expect(JSON.stringify(server.requests)).not.toMatch(/Signature|t\+\/==|s\+\/=|ASIATEST/);
  expect(server.requests).toMatchObject([
    { operation: 'PutObject', status: 200, bytesReceived: 5 },
    { operation: 'GetObject', status: 200 },
  ]);
});

it('only checks large bodies where they are not kept', async () => {
  const server = await start({ keep: 'discard-large' });
  const body = Buffer.alloc(4 << 20, 'large');
  const headers = { 'x-amz-checksum-sha256': createHash('sha256').update(body).digest('base64') };
  expect((await ask(server, { ...put, body, headers })).status).toBe(200);
  expect(server.bucket.objects.get('key')?.size).toBe(body.length);
  expect((await ask(server)).status).toBe(500);
  body[4_000_000] = 0;
  expect((await ask(server, { ...put, body, headers })).status).toBe(400);
});

describe('faults', () => {
  it('fails once, then works', async () => {
    const server = await start();
    server.fail({ on: 'PutObject', do: { kind: 'status', code: 'ConditionalRequestConflict' } });
    expect((await ask(server, put)).status).toBe(409);
    expect(server.bucket.objects.size).toBe(0);
    expect((await ask(server, put)).status).toBe(200);
  });

  it.each<[string, S3FaultAction, number]>([
    ['before the work', { kind: 'drop' }, 0],
    ['within the work', { kind: 'drop', after: 2 }, 0],
    ['after the work', { kind: 'drop-answer' }, 1],
  ])('drops the connection %s', async (_, action, objects) => {
    const server = await start();
    server.fail({ on: 'PutObject', do: action });
    await expect(ask(server, put)).rejects.toThrow();
    expect(server.bucket.objects.size).toBe(objects);
    expect(server.requests).toMatchObject([{ status: 0 }]);
  });

  it('cuts the body of an answer', async () => {
    const server = await start();
    await ask(server, put);
    server.fail({ on: 'GetObject', do: { kind: 'cut', after: 3 } });
    await expect(ask(server)).rejects.toThrow();
    expect((await ask(server)).body.toString()).toBe('hello');
  });
});
