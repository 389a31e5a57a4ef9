import { afterEach, expect, test } from 'vitest';
import { imageOf } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { ports, told } = sharedWorkerd();
const repository = { registry: 'docker.io', name: 'library/alpine' };

afterEach(() => told().overload(false));

test('a D1 that is overloaded is busy: what it refuses may succeed a second later', async () => {
  const { leases, manifests } = ports(Date.now);
  const { manifest, contents } = imageOf('one', ['a']);
  const { digest } = manifest;
  const lease = await leases.acquire('a', 1000);
  if (lease === undefined) throw new Error('the lease is held');
  const location = { url: 'https://cdn.example', expires: Date.now() + 1000 };
  const asks = [
    () => leases.acquire('a', 1000),
    () => leases.acquireMany(['a'], 1000),
    () => leases.look('a'),
    () => leases.release(lease),
    () => manifests.getManifest(repository, digest),
    () => manifests.putManifest(repository, manifest, contents, 1),
    () => manifests.putUpstreamLocation(repository, digest, location),
  ];
  await told().overload(true);
  const refused = { name: 'StoreBusy' };
  for (const ask of asks) await expect(ask(), String(ask)).rejects.toMatchObject(refused);
  await told().overload(false);
  for (const ask of asks) await ask();
});
