import { afterEach, expect, test } from 'vitest';
import { type AwsOptions, type RunningAws, startAws } from '../../forms/aws/functions.ts';
import type { Image } from '../../standins/images/image.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { blobsOf, expectOneRequestEach, newImage, pullAtOnce } from './cold-image.ts';
import { inBucket, untilInBucket, untilRedirected } from './in-bucket.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene(
  image: Image,
  options: Omit<AwsOptions, 'configuration'>,
): Promise<{ readonly aws: RunningAws; readonly upstream: Upstream }> {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  upstream.add('library/app', image, '1');
  const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
  const aws = await startAws({ configuration, ...options });
  closing.push(() => aws.close());
  return { aws, upstream };
}

test('200 clients of a cold image cost the upstream one request for each part', async () => {
  const image = newImage();
  const { aws, upstream } = await scene(image, { pullers: 6, fillers: 2 });
  await pullAtOnce([aws.url], 200);
  await untilInBucket(aws.s3, blobsOf(image));
  await untilRedirected(aws.url, aws.s3, blobsOf(image));
  expectOneRequestEach(upstream, image);
  upstream.clear();
  await pullAtOnce([aws.url], 40);
  expect(upstream.requests).toEqual([]);
});

// A message comes back after the time of an invocation, which is longer than a lease, as on AWS.
test('fillers that are killed in the middle are replaced while clients pull', async () => {
  const image = newImage();
  const [large] = image.layers;
  const digest = large?.digest ?? '';
  const { aws, upstream } = await scene(image, { pullers: 4, fillers: 2, fillTimeout: 65_000 });
  const hold = { kind: 'hold', until: new Promise(() => undefined), after: 1_000_000 } as const;
  // The second origin has the digest in its paths without the algorithm.
  upstream.fail({ on: 'cdn', match: digest.slice('sha256:'.length), times: 1, do: hold });
  await (await aws.get('/v2/library/app/manifests/1')).arrayBuffer();
  await upstream.until({ kind: 'cdn', reference: digest }, 1);
  await untilInBucket(
    aws.s3,
    blobsOf(image).filter((blob) => blob !== large),
  );
  expect(await inBucket(aws.s3, digest)).toBeUndefined();
  for (const pid of aws.pids('fill')) process.kill(pid, 'SIGKILL');
  await pullAtOnce([aws.url], 20);
  await untilInBucket(aws.s3, blobsOf(image));
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
}, 180_000);
