import { afterEach, expect, it } from 'vitest';
import { openOnAws } from '../../../functions/aws/open-server.ts';
import type { ManifestStore } from '../../../functions/core/ports/manifest-store.ts';
import { nodeRuntime } from '../../../functions/node/runtime.ts';
import { imageOf, madeDigest } from '../../contract/made-content.ts';
import { parsed } from '../core/config/parsing.ts';
import { MemoryBlobs } from '../core/mirror/memory-blobs.ts';
import { type MirrorUnderTest, openMirror } from '../core/mirror/mirror-over-store.ts';

let test: MirrorUnderTest | undefined;
afterEach(() => test?.close());

/** How many blobs and manifests a server on AWS examines in one run of eviction. */
async function stepsOfServer(): Promise<number | undefined> {
  const config = parsed({
    store: 'aws',
    aws: { table: 't', bucket: 'bucket', queue: 'http://127.0.0.1:1/q', region: 'eu-west-1' },
  });
  const { aws } = config;
  if (aws === undefined) throw new Error('the store is aws');
  const platform = await openOnAws(
    aws,
    config,
  )({
    environment: {},
    runtime: nodeRuntime(() => undefined).runtime,
    log: { passes: () => false, event: () => undefined },
    fetch: () => Promise.reject(new Error('no upstream')),
  });
  await platform.close();
  return platform.evictionSteps;
}

it('evicts images without a look at every blob of the bucket', async () => {
  let listed = 0;
  let listedBefore: number | undefined;
  const blobs = new (class extends MemoryBlobs {
    override async *list(after?: string) {
      for await (const blob of super.list(after)) {
        listed += 1;
        yield blob;
      }
    }
  })();
  const evictionSteps = await stepsOfServer();
  const noting = (manifests: ManifestStore): ManifestStore =>
    new Proxy(manifests, {
      get(target, name) {
        if (name === 'removeManifest') listedBefore ??= listed;
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  test = await openMirror({
    limits: { storeBytes: 1 },
    ...(evictionSteps !== undefined && { evictionSteps }),
    ports: ({ manifests }) => ({ blobs, manifests: noting(manifests) }),
  });
  const { manifest, contents } = imageOf('image', ['layer']);
  const repository = { registry: 'docker.io', name: 'library/app' };
  await test.store.manifests.putManifest(repository, manifest, contents, 1);
  const named = contents?.blobs ?? [];
  for (const { digest } of named) blobs.stored.add(digest);
  for (let at = 0; at < 5000; at++) blobs.stored.add(madeDigest(`other ${at}`));
  await test.mirror.evict();
  expect(listedBefore).toBeLessThanOrEqual(100);
  expect(await test.store.manifests.getManifest(repository, manifest.digest)).toBeUndefined();
});
