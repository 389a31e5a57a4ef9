import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openInMemory } from '../../functions/cli/memory-platform.ts';
import { parseConfig } from '../../functions/core/config/parse-config.ts';
import { type RunningServer, startServer } from '../../functions/node/server.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const image = makeImage({ layers: [randomLayer('reload', 5_000)] });
const layer = image.layers[0]?.digest ?? '';

let hub: Upstream;
let server: RunningServer;

function configured(clients: object) {
  const upstreams = { 'docker.io': { url: hub.url, tagTtl: '1h', maxStale: '90d' } };
  const json = {
    listen: '127.0.0.1:0',
    store: 'memory',
    shutdownTimeout: '100ms',
    upstreams,
    clients,
  };
  return parseConfig(json, {}, []);
}

async function start(clients: object): Promise<void> {
  const parsed = configured(clients);
  if (!('ok' in parsed)) throw new Error('the configuration has mistakes');
  server = await startServer(parsed.ok, openInMemory(1e9), {
    environment: {},
    logTo: { write: () => undefined, flushSync: () => undefined },
  });
}

const get = (path: string) => fetch(`${server.url}/v2/library/app/${path}`);

async function statuses(path: string, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let at = 0; at < times; at++) found.push((await get(path)).status);
  return found;
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 11, 31, 23, 58, 10) });
  hub = await startUpstream();
  hub.add('library/app', image, '1');
});
afterEach(async () => {
  await server?.close();
  await hub.close();
  vi.useRealTimers();
});

test('pulls are allowed again when the minute ends, and the answer says when', async () => {
  await start({ anonymous: { pullsPerMinute: 2, limits: 'hard' } });
  expect(await statuses('manifests/1', 3)).toEqual([200, 200, 429]);
  const refused = await get('manifests/1');
  expect(refused.headers.get('ratelimit-reset')).toBe('50');
  vi.setSystemTime(Date.now() + 49_000);
  expect(await statuses('manifests/1', 1)).toEqual([429]);
  vi.setSystemTime(Date.now() + 1_000);
  expect(await statuses('manifests/1', 3)).toEqual([200, 200, 429]);
});

test('bytes are allowed again when the month ends, and the answer says when', async () => {
  await start({ anonymous: { bytesPerMonth: 100, limits: 'hard' } });
  expect(await statuses(`blobs/${layer}`, 2)).toEqual([200, 429]);
  const refused = await get('manifests/1?ns=docker.io');
  expect([refused.status, refused.headers.get('ratelimit-reset')]).toEqual([503, '110']);
  expect(refused.headers.get('retry-after')).toBe('60');
  vi.setSystemTime(Date.now() + 110_000);
  expect(await statuses(`blobs/${layer}`, 2)).toEqual([200, 429]);
});

test('a reload applies changed limits, and what was counted stays', async () => {
  await start({});
  expect(await statuses('manifests/1', 3)).toEqual([200, 200, 200]);
  const reload = (clients: object) => server.reload(async () => configured(clients));
  await reload({ anonymous: { pullsPerMinute: 2, limits: 'hard' } });
  expect(await statuses('manifests/1', 3)).toEqual([200, 200, 429]);
  await reload({ anonymous: { pullsPerMinute: 3, limits: 'hard' } });
  expect(await statuses('manifests/1', 2)).toEqual([200, 429]);
  await reload({ anonymous: { pullsPerMinute: 3 } });
  expect((await get('manifests/1')).headers.get('warning')).toContain('more than 3 pulls a minute');
  await reload({});
  expect((await get('manifests/1')).headers.get('ratelimit-limit')).toBeNull();
});
