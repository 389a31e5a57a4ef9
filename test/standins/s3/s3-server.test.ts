import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf } from './bucket.ts';
import { type S3Server, type S3ServerOptions, startS3Server } from './s3-server.ts';
import { type PlainRequest, type Received, type SignedAs, send, signed } from './signed-request.ts';

const region = 'eu-west-1';
const Bucket = 'mirror';
const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 's+/=', sessionToken: 't+/==' };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(options: Partial<S3ServerOptions> = {}): Promise<S3Server> {
  const server = await startS3Server({ credentials, region, bucket: Bucket, ...options });
  open.push(server);
  return server;
}

function sdk({ endpoint }: S3Server): S3Client {
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  open.push({ close: async () => client.destroy() });
  return client;
}

async function ask(
  { endpoint }: S3Server,
  { method = 'GET', body, ...rest }: Partial<PlainRequest> = {},
  as: SignedAs & { readonly sessionToken?: string | undefined } = { kind: 'header' },
): Promise<Received> {
  const account =
    'sessionToken' in as ? { ...credentials, sessionToken: as.sessionToken } : credentials;
  const address = { endpoint, bucket: Bucket, region, credentials: account };
  const plain = { method, path: '/mirror/key', query: '', headers: {}, body, ...rest };
  const request = await signed(plain, address, as);
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return await send(method, { ...request, headers: { ...length, ...request.headers } }, body);
}

const put = { method: 'PUT', body: Buffer.from('hello') };

describe('what the table of exchanges cannot ask of a real server', () => {
  it.each(['header', 'query'] as const)('takes a session token in the %s', async (kind) => {
    const server = await start();
    expect((await ask(server, put)).status).toBe(200);
    expect((await ask(server, {}, { kind })).status).toBe(200);
    const missing = await ask(server, {}, { kind, sessionToken: undefined });
    expect(missing.body.toString()).toContain('InvalidAccessKeyId');
    const wrong = await ask(server, {}, { kind, sessionToken: 'another' });
    expect(wrong.body.toString()).toContain('InvalidToken');
    expect(server.requests.map(({ auth }) => auth)).toContain(kind);
  });

  it('tells the time by the clock it is given', async () => {
    let now = Date.now();
    const server = await start({ now: () => now });
    await ask(server, put);
    expect((await ask(server, {}, { kind: 'query', life: 60 })).status).toBe(200);
    now += 62_000;
    expect((await ask(server, {}, { kind: 'query', life: 60 })).status).toBe(403);
  });

  it('finds its bucket in the host', async () => {
    const server = await start();
    await ask(server, put);
    const { port } = new URL(server.endpoint);
    const endpoint = `http://mirror.localhost:${port}`;
    const address = { endpoint, bucket: Bucket, region, credentials };
    const plain = { method: 'GET', path: '/key', query: '', headers: {}, body: undefined };
    const { url, headers } = await signed(plain, address, { kind: 'query' });
    const host = url.host;
    url.hostname = '127.0.0.1';
    const answer = await send('GET', { url, headers: { ...headers, host } }, undefined);
    expect(answer.body.toString()).toBe('hello');
  });

  it('keeps nobody’s credentials in its record', async () => {
    const server = await start();
    await ask(server, put);
    await ask(server, {}, { kind: 'query' });
    const record = JSON.stringify(server.requests);
    expect(record).not.toMatch(/Signature|t\+\/==|s\+\/=|ASIATEST/);
    expect(server.requests).toMatchObject([
      { operation: 'PutObject', key: 'key', status: 200, auth: 'header', bytesReceived: 5 },
      { operation: 'GetObject', key: 'key', status: 200, auth: 'query', bytesSent: 5 },
    ]);
  });
});

describe('Amazon’s own client', () => {
  it('streams, checks, reads and lists', async () => {
    const server = await start();
    const client = sdk(server);
    const bytes = Buffer.alloc(3_000_000, 'streamed');
    const Key = 'blobs/a b+ü';
    const pieces = (): Readable => Readable.from([bytes.subarray(0, 9000), bytes.subarray(9000)]);
    const whole = { Bucket, Key, ContentLength: bytes.length };
    await client.send(new PutObjectCommand({ ...whole, Body: pieces() }));
    const wrong = createHash('sha256').update('other').digest('base64');
    const refused = client.send(
      new PutObjectCommand({ ...whole, Body: pieces(), ChecksumSHA256: wrong }),
    );
    await expect(refused).rejects.toMatchObject({ name: 'BadDigest' });
    const read = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect(bytes.equals((await read.Body?.transformToByteArray()) ?? bytes.subarray(1))).toBe(true);
    const object = server.bucket.objects.get(Key);
    expect(object && bytes.equals(await bytesOf(object))).toBe(true);
    const list = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(list.Contents?.map((one) => [one.Key, one.Size])).toEqual([[Key, bytes.length]]);
  });
});

describe('faults', () => {
  it('fails once, then goes on', async () => {
    const server = await start();
    server.fail({ on: 'PutObject', do: { kind: 'status', code: 'ConditionalRequestConflict' } });
    expect((await ask(server, put)).status).toBe(409);
    expect(server.bucket.objects.size).toBe(0);
    expect((await ask(server, put)).status).toBe(200);
  });

  it('drops the connection before, within and after the work', async () => {
    const server = await start();
    server.fail({ do: { kind: 'drop' } });
    await expect(ask(server, put)).rejects.toThrow();
    server.fail({ do: { kind: 'drop', after: 2 } });
    await expect(ask(server, put)).rejects.toThrow();
    expect(server.bucket.objects.size).toBe(0);
    server.fail({ do: { kind: 'drop-answer' } });
    await expect(ask(server, put)).rejects.toThrow();
    expect(server.bucket.objects.size).toBe(1);
    server.fail({ do: { kind: 'cut', after: 3 } });
    await expect(ask(server)).rejects.toThrow();
    expect((await ask(server)).body.toString()).toBe('hello');
  });
});

describe('large bodies', () => {
  const body = Buffer.alloc(4 << 20, 'large');

  it('go to files, which go with the server', async () => {
    const folders = (): string[] =>
      readdirSync(tmpdir()).filter((one) => one.startsWith(`pullfront-s3-${process.pid}-`));
    const server = await startS3Server({ credentials, region, bucket: Bucket });
    expect((await ask(server, { ...put, body })).status).toBe(200);
    expect(folders()).toHaveLength(1);
    expect((await ask(server)).body.equals(body)).toBe(true);
    await server.close();
    expect(folders()).toHaveLength(0);
  });

  it('are only checked where they are not kept', async () => {
    const server = await start({ keep: 'discard-large' });
    const hash = createHash('sha256').update(body).digest('base64');
    const headers = { 'x-amz-checksum-sha256': hash };
    expect((await ask(server, { ...put, body, headers })).status).toBe(200);
    expect(server.bucket.objects.get('key')?.bytes.size).toBe(body.length);
    const other = body.map((byte, at) => (at === 4_000_000 ? byte + 1 : byte));
    expect((await ask(server, { method: 'PUT', body: Buffer.from(other), headers })).status).toBe(
      400,
    );
    expect((await ask(server)).status).toBe(500);
  });
});
