import { afterEach, expect, test } from 'vitest';
import { type AwsOptions, type RunningAws, startAws } from '../../forms/aws/functions.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene(
  image: Image,
  options: Partial<AwsOptions> = {},
): Promise<{ readonly aws: RunningAws; readonly upstream: Upstream }> {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  upstream.add('library/app', image, '1');
  const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
  const aws = await startAws({ configuration, ...options });
  closing.push(() => aws.close());
  return { aws, upstream };
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
};

const layerOf = (image: Image) => image.layers[0] ?? image.config;

/** What the path of a blob holds at the registry and at its CDN. */
const hexOf = (digest: string) => digest.replace('sha256:', '');

/** Resolves when a blob is in the bucket, whose server runs in this process. */
function isStored({ s3 }: RunningAws, digest: string): Promise<void> {
  const keys = () => [...(s3.server?.bucket.objects.keys() ?? [])];
  return until(() => keys().some((key) => key.endsWith(hexOf(digest))));
}

/** The bytes that a client gets by the mirror's redirect. */
async function download(aws: RunningAws, digest: string): Promise<Buffer> {
  const answer = await aws.get(`/v2/library/app/blobs/${digest}`);
  const location = answer.headers.get('location') ?? '';
  expect(new URL(location).origin).toBe(new URL(aws.s3.endpoint).origin);
  return Buffer.from(await (await fetch(location)).arrayBuffer());
}

test('a blob longer than an invocation moves on in the next one', async () => {
  const image = makeImage({ layers: [randomLayer('long', 40_000_000)] });
  const { digest, bytes } = layerOf(image);
  const { aws, upstream } = await scene(image, { fillTimeout: 8_000 });
  // Four parts of 8 MiB are read side by side, and an invocation reads for six seconds.
  const slow = { kind: 'slow', bytesPerSecond: 2_000_000 } as const;
  upstream.fail({ on: 'cdn', match: hexOf(digest), do: slow });
  await aws.get('/v2/library/app/manifests/1');
  await isStored(aws, digest);
  expect((await download(aws, digest)).equals(bytes)).toBe(true);
  expect(aws.output.split('"outcome":"paused"').length).toBeGreaterThan(2);
  expect(aws.sqs.queue(aws.deadLetterQueueUrl).bodies).toEqual([]);
});

test('a filler that dies leaves its message to the next one, and nothing visible', async () => {
  const image = makeImage({ layers: [randomLayer('killed', 3_000_000)] });
  const { digest } = layerOf(image);
  const { aws, upstream } = await scene(image, { fillTimeout: 2_000 });
  const hold = { kind: 'hold', until: new Promise(() => undefined), after: 1_000_000 } as const;
  upstream.fail({ on: 'cdn', match: hexOf(digest), do: hold });
  await aws.get('/v2/library/app/manifests/1');
  await upstream.until({ kind: 'cdn', method: 'GET' });
  const [before] = aws.pids('fill');
  aws.kill('fill');
  await until(() => aws.pids('fill').some((pid) => pid !== before));
  const waiting = aws.sqs.queue(aws.queueUrl).bodies.filter((body) => body.includes(digest));
  expect(waiting).toHaveLength(1);
  expect([...(aws.s3.server?.bucket.objects.keys() ?? [])].join()).not.toContain(hexOf(digest));
});

test('what can never be filled is kept among the dead, with the reason', async () => {
  const image = makeImage({ layers: [randomLayer('gone', 10_000)] });
  const { aws, upstream } = await scene(image);
  upstream.remove('library/app', layerOf(image).digest);
  await aws.get('/v2/library/app/manifests/1');
  const dead = aws.sqs.queue(aws.deadLetterQueueUrl);
  await until(() => dead.messages.size > 0);
  const [message] = [...dead.messages.values()];
  expect(message?.body).toContain(layerOf(image).digest);
  expect(message?.attributes).toMatchObject({ reason: { StringValue: expect.any(String) } });
});

test('a message that is no fill is kept among the dead, too', async () => {
  const { aws } = await scene(makeImage({ layers: [] }));
  const queue = aws.sqs.queue(aws.queueUrl);
  await queue.operate('SendMessage', { MessageBody: '{"a":1}' }, new AbortController().signal);
  const dead = aws.sqs.queue(aws.deadLetterQueueUrl);
  await until(() => dead.messages.size > 0 && queue.messages.size === 0);
  expect(dead.bodies).toEqual(['{"a":1}']);
});

test('a fill that fails is tried again later', async () => {
  const image = makeImage({ layers: [randomLayer('again', 10_000)] });
  const { digest } = layerOf(image);
  const { aws, upstream } = await scene(image);
  const fault = { kind: 'status', status: 503, headers: { 'retry-after': '1' } } as const;
  upstream.fail({ on: 'blob', match: digest, times: 1, do: fault });
  await aws.get('/v2/library/app/manifests/1');
  await isStored(aws, digest);
  expect(aws.output).toContain('"message":"fill deferred"');
});
