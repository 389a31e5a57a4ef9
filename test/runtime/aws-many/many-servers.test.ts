import { afterEach, expect, test } from 'vitest';
import type { Image } from '../../standins/images/image.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { blobsOf, expectOneRequestEach, newImage, pullAtOnce } from './cold-image.ts';
import { inBucket, untilInBucket, untilRedirected } from './in-bucket.ts';
import { openSharedStores, type Server, type SharedStores } from './start-servers.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene(image: Image): Promise<{
  readonly stores: SharedStores;
  readonly upstream: Upstream;
  readonly servers: readonly Server[];
}> {
  const upstream = await startUpstream({ auth: 'anonymous' });
  closing.push(() => upstream.close());
  upstream.add('library/app', image, '1');
  const stores = await openSharedStores(upstream.url);
  closing.push(() => stores.close());
  const servers: Server[] = [];
  for (let count = 0; count < 4; count += 1) servers.push(await stores.start('elsewhere'));
  return { stores, upstream, servers };
}

const urlsOf = (servers: readonly Server[]) => servers.map(({ url }) => url);

test('200 clients of a cold image at four servers cost one request for each part', async () => {
  const image = newImage();
  const { stores, upstream, servers } = await scene(image);
  await stores.start('here');
  await stores.start('here');
  await pullAtOnce(urlsOf(servers), 200);
  await untilInBucket(stores.s3, blobsOf(image));
  for (const { url } of servers) await untilRedirected(url, stores.s3, blobsOf(image));
  expectOneRequestEach(upstream, image);
  upstream.clear();
  await pullAtOnce(urlsOf(servers), 40);
  expect(upstream.requests).toEqual([]);
});

test('a server that is killed while it fills is replaced, though nobody asks again', async () => {
  const image = newImage();
  const [large] = image.layers;
  const digest = large?.digest ?? '';
  const { stores, upstream, servers } = await scene(image);
  const hold = { kind: 'hold', until: new Promise(() => undefined), after: 1_000_000 } as const;
  // The second origin has the digest in its paths without the algorithm.
  upstream.fail({ on: 'cdn', match: digest.slice('sha256:'.length), times: 1, do: hold });
  const filler = await stores.start('here');
  await (await fetch(`${servers[0]?.url}/v2/library/app/manifests/1`)).arrayBuffer();
  await upstream.until({ kind: 'cdn', reference: digest }, 1);
  await untilInBucket(
    stores.s3,
    blobsOf(image).filter((blob) => blob !== large),
  );
  expect(await inBucket(stores.s3, digest)).toBeUndefined();
  await stores.start('here');
  await filler.kill();
  await untilInBucket(stores.s3, blobsOf(image));
  await pullAtOnce(urlsOf(servers), 20);
  expect(upstream.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
}, 180_000);
