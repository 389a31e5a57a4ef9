import { expect, test } from 'vitest';
import { parsed } from './parsing.ts';

test('an empty object is a whole configuration', () => {
  const config = parsed({});
  expect(config).toMatchObject({
    listen: { host: '127.0.0.1', port: 5000 },
    data: './pullfront-data',
    defaultUpstream: 'docker.io',
    limits: { maxBlobBytes: Number.POSITIVE_INFINITY, storeBytes: Number.POSITIVE_INFINITY },
    cloudflare: { fillTime: 600_000 },
    shutdownTimeout: 30_000,
    log: { format: 'auto', level: 'info' },
  });
  expect(config.tls).toBeUndefined();
  expect([...config.upstreams.keys()]).toEqual(['docker.io']);
  expect(config.upstreams.get('docker.io')).toMatchObject({
    url: new URL('https://registry-1.docker.io'),
    tagTtl: 300_000,
    maxStale: 30 * 86_400_000,
    immutableTags: [],
    allow: [],
    deny: [],
    delivery: 'stream',
  });
});

test('the example of the documentation', () => {
  const config = parsed(
    {
      $schema: './pullfront.schema.json',
      listen: '[::]:443',
      tls: { cert: 'cert.pem', key: 'key.pem' },
      data: './pullfront-data',
      defaultUpstream: 'docker.io',
      upstreams: {
        'docker.io': {
          url: 'https://registry-1.docker.io',
          credentials: { username: 'me', password: { env: 'HUB_TOKEN' } },
          tagTtl: '5m',
          maxStale: '30d',
          immutableTags: ['^v?\\d+\\.\\d+\\.\\d+$'],
          allow: ['library/**'],
          deny: [],
          delivery: 'stream',
        },
        'ghcr.io': {},
      },
      limits: { maxBlobBytes: '50GB', storeBytes: '100GB' },
    },
    { HUB_TOKEN: 'hunter2' },
  );
  expect(config.listen).toEqual({ host: '::', port: 443 });
  expect(config.limits).toMatchObject({ maxBlobBytes: 50e9, storeBytes: 100e9 });
  const hub = config.upstreams.get('docker.io');
  expect(hub?.immutableTags.map((tag) => tag.test('v1.2.3'))).toEqual([true]);
  expect(hub?.allow.map((name) => name.test('library/alpine'))).toEqual([true]);
  expect(hub?.allow.map((name) => name.test('somebody/alpine'))).toEqual([false]);
});

test('the default upstream stays when only others are given, and comes first', () => {
  const config = parsed({ upstreams: { 'ghcr.io': {}, 'quay.io': {} } });
  expect([...config.upstreams.keys()]).toEqual(['docker.io', 'ghcr.io', 'quay.io']);
});

test('another default upstream replaces docker.io', () => {
  expect([...parsed({ defaultUpstream: 'quay.io' }).upstreams.keys()]).toEqual(['quay.io']);
});

test.each([
  ['docker.io', 'https://registry-1.docker.io/'],
  ['ghcr.io', 'https://ghcr.io/'],
  ['quay.io', 'https://quay.io/'],
  ['public.ecr.aws', 'https://public.ecr.aws/'],
  ['registry.k8s.io', 'https://registry.k8s.io/'],
  ['gcr.io', 'https://gcr.io/'],
  ['mirror.gcr.io', 'https://mirror.gcr.io/'],
  ['mcr.microsoft.com', 'https://mcr.microsoft.com/'],
  ['registry.gitlab.com', 'https://registry.gitlab.com/'],
])('%s needs no url', (name, url) => {
  expect(parsed({ upstreams: { [name]: {} } }).upstreams.get(name)?.url.href).toBe(url);
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
  ['0s', 0],
])('the duration %s', (text, milliseconds) => {
  const config = parsed({ upstreams: { 'docker.io': { tagTtl: text } } });
  expect(config.upstreams.get('docker.io')?.tagTtl).toBe(milliseconds);
});

test.each([
  ['50GB', 50e9],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['10MB', 10e6],
  ['4KiB', 4096],
  ['2TB', 2e12],
  ['17B', 17],
  [1000, 1000],
])('the size %s', (size, bytes) => {
  expect(parsed({ limits: { storeBytes: size } }).limits.storeBytes).toBe(bytes);
});

test('http upstreams are used where the file says so', () => {
  const { upstreams } = parsed({
    upstreams: { 'localhost:5001': { url: 'http://localhost:5001' } },
  });
  expect(upstreams.get('localhost:5001')?.url.href).toBe('http://localhost:5001/');
});
