import { afterEach, expect, test } from 'vitest';
import { type RunningAws, startAws } from '../../forms/aws/functions.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const old = makeImage({ layers: [randomLayer('old', 20_000)] });
const recent = makeImage({ layers: [randomLayer('recent', 20_000)] });
const behind = /^Pullfront; hit; ttl=(?:0|-\d+); detail=stale-while-revalidate$/;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function pulled(aws: RunningAws, image: Image): Promise<void> {
  await aws.get('/v2/library/app/manifests/1');
  const { messages } = aws.sqs.queue(aws.queueUrl);
  for (const { digest } of [image.config, ...image.layers]) {
    for (;;) {
      const { headers } = await aws.get(`/v2/library/app/blobs/${digest}`);
      if (headers.get('cache-status')?.includes('hit') && messages.size === 0) break;
      await pause(50);
    }
  }
}

/** The first answer that has an image: on a busy machine the check may end in a later invocation. */
async function answerWith(aws: RunningAws, { manifest }: Image): Promise<Response> {
  for (;;) {
    const answer = await aws.get('/v2/library/app/manifests/1');
    if (answer.headers.get('docker-content-digest') === manifest.digest) return answer;
    expect(answer.headers.get('cache-status')).toMatch(behind);
  }
}

test('the check of a tag that was served before it ends although Lambda freezes the instance', async () => {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  upstream.add('library/app', old, '1');
  const registry = { url: upstream.url, tagTtl: '1s', revalidate: 'behind' };
  const aws = await startAws({ configuration: { upstreams: { 'docker.io': registry } } });
  closing.push(() => aws.close());
  await pulled(aws, old);
  upstream.add('library/app', recent, '1');
  // Longer than other background work gets.
  const slow = { kind: 'delay', ms: 500 } as const;
  upstream.fail({ on: 'manifest', method: 'HEAD', do: slow });
  await pause(1_100);
  const first = await aws.get('/v2/library/app/manifests/1');
  expect(first.headers.get('docker-content-digest')).toBe(old.manifest.digest);
  expect(first.headers.get('cache-status')).toMatch(behind);
  expect(first.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(first.headers.get('warning')).toBeNull();
  const second = await answerWith(aws, recent);
  expect(second.headers.get('docker-content-digest')).toBe(recent.manifest.digest);
  expect(second.headers.get('cache-status')).toMatch(/^Pullfront; hit; ttl=[01]$/);
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(2);
});
