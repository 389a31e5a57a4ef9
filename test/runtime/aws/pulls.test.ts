import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type AwsOptions, type RunningAws, startAws } from '../../forms/aws/functions.ts';
import { contentOf, jsonContent } from '../../standins/images/content.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { oci } from '../../standins/images/media-type.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene(
  images: Readonly<Record<string, Image>>,
  options: Partial<AwsOptions> = {},
): Promise<{ readonly aws: RunningAws; readonly upstream: Upstream }> {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  for (const [tag, image] of Object.entries(images)) upstream.add('library/app', image, tag);
  const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
  const aws = await startAws({ configuration, ...options });
  closing.push(() => aws.close());
  return { aws, upstream };
}

const app = makeImage({ layers: [randomLayer('aws', 300_000), randomLayer('other', 70_000)] });
const blobsOf = ({ config, layers }: Image) => [config, ...layers];

/** Pulls as dockerd does and gives where each blob came from; fails on a wrong byte. */
async function pull(aws: RunningAws, image: Image, tag = '1'): Promise<string[]> {
  const head = await aws.get(`/v2/library/app/manifests/${tag}`, { method: 'HEAD' });
  expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  expect(head.headers.get('content-length')).toBe(String(image.manifest.size));
  const manifest = await aws.get(`/v2/library/app/manifests/${image.manifest.digest}`);
  expect(Buffer.from(await manifest.arrayBuffer()).equals(image.manifest.bytes)).toBe(true);
  const origins: string[] = [];
  for (const { digest } of blobsOf(image)) {
    const answer = await aws.get(`/v2/library/app/blobs/${digest}`);
    const location = answer.headers.get('location');
    expect([answer.status, location]).toEqual([307, expect.any(String)]);
    const bytes = Buffer.from(await (await fetch(location ?? '')).arrayBuffer());
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    origins.push(new URL(location ?? '').origin);
  }
  return origins;
}

/** Resolves when all blobs of an image are in the bucket, and the image is marked as complete. */
async function filled(aws: RunningAws, image: Image): Promise<void> {
  const { messages } = aws.sqs.queue(aws.queueUrl);
  while (messages.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const { digest } of blobsOf(image)) {
    for (;;) {
      const { headers } = await aws.get(`/v2/library/app/blobs/${digest}`);
      if (headers.get('cache-status')?.includes('hit')) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test('the first pull is sent to the upstream, and the next ones to the bucket', async () => {
  const { aws, upstream } = await scene({ 1: app });
  expect(new Set(await pull(aws, app))).toEqual(new Set([upstream.origins.cdn]));
  await filled(aws, app);
  expect(new Set(await pull(aws, app))).toEqual(new Set([new URL(aws.s3.endpoint).origin]));
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
  expect(upstream.count({ kind: 'blob', method: 'GET', status: 307 })).toBe(blobsOf(app).length);
});

test('each line of the log has the request id of Lambda that its own lines have', async () => {
  const { aws } = await scene({ 1: app });
  await pull(aws, app);
  await filled(aws, app);
  const lines = aws.output.split('\n').filter((line) => line.startsWith('{'));
  const ids = lines.map((line) => JSON.parse(line).request);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBeGreaterThan(4);
});

test('a warm pull asks nobody in a warm instance, and the table three times in a new one', async () => {
  const { aws } = await scene({ 1: app }, { pullers: 1 });
  await pull(aws, app);
  await filled(aws, app);
  await pull(aws, app);
  const requests = () => aws.s3.server?.requests.filter(({ method }) => method === 'HEAD').length;
  const before = requests();
  // What an answer left undone goes on with the next event, so the first may still ask something.
  const asked = () => aws.dynamoDb.proxy.during(() => pull(aws, app));
  await expect.poll(asked, { timeout: 10_000 }).toEqual([]);
  aws.kill('pull');
  expect(await aws.dynamoDb.proxy.during(() => pull(aws, app))).toEqual([
    'GetItem',
    'GetItem',
    'GetItem',
  ]);
  expect(requests()).toBe(before);
});

test('a pull is one manifest GET, however many instances are asked at once', async () => {
  const { aws, upstream } = await scene({ 1: app }, { pullers: 4, fillers: 2 });
  await Promise.all(Array.from({ length: 12 }, () => pull(aws, app)));
  await filled(aws, app);
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
  expect(upstream.count({ kind: 'blob', method: 'GET', status: 307 })).toBe(blobsOf(app).length);
});

describe('a manifest comes through to the byte', () => {
  const json = app.manifest.bytes;
  const oddText = Buffer.from(json)
    .toString('latin1')
    .replace('}', ',"annotations":{"a":"\xff\xfe"}}');
  const long = Buffer.from(
    `${Buffer.from(json).toString().slice(0, -1)}${'\n\t'.repeat(2_100_000)}}`,
  );
  test.each([
    ['with a byte order mark', Buffer.concat([Buffer.from('\uFEFF'), json])],
    ['that is not UTF-8', Buffer.from(oddText, 'latin1')],
    ['of 4.2 MB', long],
  ])('%s', async (_, bytes) => {
    const manifest = contentOf(new Uint8Array(bytes), oci.manifest);
    const { aws } = await scene({ 1: { ...app, manifest } }, { fillers: 0 });
    for (const reference of ['1', manifest.digest]) {
      const path = `/v2/library/app/manifests/${reference}`;
      const got = await aws.get(path);
      expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
      const head = await aws.get(path, { method: 'HEAD' });
      expect(head.headers.get('content-length')).toBe(String(bytes.byteLength));
    }
  });
});

test('a manifest that is too large for the table is kept in the bucket', async () => {
  const json = Buffer.from(app.manifest.bytes).toString();
  const bytes = Buffer.from(`${json.slice(0, -1)}${' '.repeat(1_000_000)}}`);
  const manifest = contentOf(new Uint8Array(bytes), oci.manifest);
  const { aws } = await scene({ 1: { ...app, manifest } }, { fillers: 0, pullers: 1 });
  const asked = () => aws.s3.server?.requests.map(({ operation, status }) => [operation, status]);
  const path = `/v2/library/app/manifests/${manifest.digest}`;
  await (await aws.get(path)).arrayBuffer();
  expect(asked()).toEqual([['PutObject', 200]]);
  // A new instance has nothing in memory.
  aws.kill('pull');
  const got = await aws.get(path);
  expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
  expect(asked()?.slice(1)).toContainEqual(['GetObject', 200]);
});

test('a manifest that calls itself what no header can hold is served as what it is', async () => {
  for (const mediaType of ['application/x\r\nSet-Cookie: a=b', 'text/html']) {
    const body = { ...JSON.parse(Buffer.from(app.manifest.bytes).toString()), mediaType };
    const manifest = jsonContent(body, 'application/json');
    const { aws } = await scene({ 1: { ...app, manifest } }, { fillers: 0, pullers: 1 });
    for (const reference of ['1', manifest.digest, '1']) {
      const got = await aws.get(`/v2/library/app/manifests/${reference}`);
      expect([got.status, got.headers.get('content-type')]).toEqual([200, oci.manifest]);
      expect(Buffer.from(await got.arrayBuffer()).equals(manifest.bytes)).toBe(true);
      aws.kill('pull');
    }
  }
});

test('HEAD of a large stored blob is answered by the bucket', async () => {
  const large = makeImage({ layers: [randomLayer('large', 5_500_000)] });
  const { aws } = await scene({ 1: large });
  await pull(aws, large);
  await filled(aws, large);
  const { digest, size } = large.layers[0] ?? large.config;
  const head = await aws.get(`/v2/library/app/blobs/${digest}`, { method: 'HEAD' });
  expect(head.status).toBe(307);
  const stored = await fetch(head.headers.get('location') ?? '', { method: 'HEAD' });
  expect([stored.status, stored.headers.get('content-length')]).toEqual([200, String(size)]);
});

test('only what is meant to leave leaves, and no secret is printed', async () => {
  const { aws, upstream } = await scene({ 1: app });
  upstream.set({ responseHeaders: { 'x-amzn-remapped-date': 'then', 'set-cookie': 'a=b' } });
  const answer = await aws.get('/v2/library/app/manifests/1');
  const names = [...answer.headers.keys()].filter((name) => name !== 'connection').sort();
  expect(names).toEqual([
    'cache-control',
    'cache-status',
    'content-length',
    'content-type',
    'date',
    'docker-content-digest',
    'docker-distribution-api-version',
    'etag',
    'keep-alive',
    'x-content-type-options',
  ]);
  await pull(aws, app);
  await filled(aws, app);
  expect(aws.output).toContain('"message":"request"');
  expect(aws.output).not.toContain(aws.s3.credentials.secretAccessKey);
  expect(aws.output).not.toMatch(/signature|Bearer/i);
});

test('a password comes out of Secrets Manager, when it is needed first', async () => {
  const asked: string[] = [];
  const secrets = createServer((message, response) => {
    asked.push(String(message.headers['x-amz-target']));
    message.resume();
    response.end(JSON.stringify({ SecretString: '{"password": "pass"}' }));
  });
  await once(secrets.listen(0, '127.0.0.1'), 'listening');
  closing.push(async () => void secrets.close());
  const { port } = secrets.address() as AddressInfo;
  const environment = {
    PULLFRONT_AWS_ENDPOINTS_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
    PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: 'user',
    PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: 'hub',
  };
  const { aws, upstream } = await scene({ 1: app }, { environment, fillers: 0 });
  upstream.set({ auth: 'anonymous' });
  await (await aws.get('/v2/')).text();
  expect(asked).toEqual([]);
  await pull(aws, app);
  expect(asked).toEqual(['secretsmanager.GetSecretValue']);
  expect(aws.output).not.toMatch(/"pass"|Basic /);
});

test('one repository that fails stops no other, and goes on with what it has', async () => {
  const environment = { PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL: '1ms' };
  const { aws, upstream } = await scene({ 1: app }, { environment });
  const other = makeImage({ layers: [randomLayer('of another', 1000)] });
  await pull(aws, app);
  await filled(aws, app);
  upstream.fail({ on: 'manifest', match: 'library/app', do: { kind: 'status', status: 500 } });
  for (const image of [app, other]) {
    await pull(aws, app);
    const stale = await aws.get('/v2/library/app/manifests/1');
    expect(stale.headers.get('warning')).toContain('status 500');
    upstream.add('library/other', image, '1');
    const live = await aws.get('/v2/library/other/manifests/1');
    expect(live.headers.get('warning')).toBeNull();
    expect(live.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  }
  expect(aws.output).toMatch(/"scope":"repository"/);
  expect(aws.output).not.toMatch(/"scope":"registry"/);
});

test('/healthz asks neither the table nor the bucket: anybody may ask it', async () => {
  const { aws } = await scene({ 1: app }, { fillers: 0 });
  aws.dynamoDb.proxy.answerBy(() => 'cut');
  const before = aws.dynamoDb.proxy.calls.length;
  const health = await aws.get('/healthz');
  expect([health.status, await health.json()]).toEqual([
    200,
    expect.objectContaining({ status: 'ok' }),
  ]);
  expect(aws.dynamoDb.proxy.calls.length).toBe(before);
});

test('without table, bucket and queue a pull still comes from the upstream', async () => {
  const { aws, upstream } = await scene({ 1: app });
  aws.dynamoDb.proxy.answerBy(() => 'cut');
  await aws.sqs.close();
  expect(new Set(await pull(aws, app))).toEqual(new Set([upstream.origins.cdn]));
});
