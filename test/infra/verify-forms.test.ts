import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { startAws } from '../forms/aws/functions.ts';
import { EdgeProcess } from '../forms/edge-process.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream } from '../standins/registry/upstream.ts';
import { verify } from './verify.ts';

// The script finds out by itself how each form of the mirror delivers what it has stored.

// A process of each form is started, and waited for until it has stored something.
vi.setConfig({ testTimeout: 60_000 });

const image = makeImage({ layers: [randomLayer('forms', 300_000)] });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A configuration with an upstream that redirects to its own bucket, as Docker Hub does. */
async function configured() {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  upstream.add('library/app', image, '1');
  return { upstreams: { 'docker.io': { url: upstream.url } } };
}

const stored = (lines: readonly string[]) =>
  lines.find((line) => line.includes('a blob is stored, and comes from the store'));

test('on AWS blobs are redirected to the bucket, once they are stored', async () => {
  const aws = await startAws({ configuration: await configured() });
  closing.push(() => aws.close());
  const { lines, failed } = await verify(aws.url, '--bucket', aws.s3.bucket);
  expect(failed).toEqual([]);
  expect(stored(lines)).toContain(`redirected; `);
  expect(stored(lines)).toContain(` to ${new URL(aws.s3.endpoint).host}, `);
  expect((await verify(aws.url)).failed).toEqual([]);
  const meant = await verify(aws.url, '--blobs', 'stream');
  expect(meant.failed).toEqual([expect.stringContaining('but --blobs is stream')]);
});

test('on Cloudflare they are streamed', async () => {
  const edge = await EdgeProcess.start(await configured());
  closing.push(() => edge.close());
  const { lines, failed } = await verify(edge.url);
  expect(failed).toEqual([]);
  expect(stored(lines)).toMatch(/^pass .*: streamed; /);
  const meant = await verify(edge.url, '--blobs', 'redirect');
  expect(meant.failed).toEqual([expect.stringContaining('but --blobs is redirect')]);
});

test('with keys of R2 they are redirected to its S3 endpoint, where the bucket is in the path', async () => {
  const r2 = await startR2('pullfront');
  const edge = await EdgeProcess.start(await configured(), {
    R2_ACCESS_KEY_ID: 'key-id',
    R2_SECRET_ACCESS_KEY: 'secret-key',
    R2_ENDPOINT: r2,
    R2_BUCKET: 'pullfront',
  });
  closing.push(() => edge.close());
  const { lines, failed } = await verify(edge.url, '--bucket', 'pullfront');
  expect(failed).toEqual([]);
  expect(stored(lines)).toMatch(/^pass .*: redirected; /);
  expect(lines.join('\n')).not.toContain('X-Amz');
  const other = await verify(edge.url, '--bucket', 'pull');
  expect(other.failed).toEqual([expect.stringContaining("which is not the mirror's bucket")]);
});

/** Stands for R2's S3 endpoint, with the blobs of the image in a bucket of this name. */
async function startR2(bucket: string): Promise<string> {
  const objects = new Map(
    [image.config, ...image.layers].map(({ digest, bytes }) => {
      const hex = digest.slice('sha256:'.length);
      return [`/${bucket}/blobs/sha256/${hex.slice(0, 2)}/${hex}`, Buffer.from(bytes)];
    }),
  );
  const server = createServer(({ url = '/', headers }, response) => {
    const bytes = objects.get(new URL(url, 'http://r2').pathname);
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (bytes === undefined) {
      response.writeHead(404).end();
    } else if (start === undefined) {
      response.writeHead(200, { 'content-length': bytes.byteLength }).end(bytes);
    } else {
      response.setHeader('content-range', `bytes ${start}-${end}/${bytes.byteLength}`);
      response.writeHead(206).end(bytes.subarray(Number(start), Number(end) + 1));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
