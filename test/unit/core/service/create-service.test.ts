import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openInMemory } from '../../../../functions/cli/memory-platform.ts';
import type { FillJob } from '../../../../functions/core/ports/fill-queue.ts';
import { createService, type Service } from '../../../../functions/core/service/create-service.ts';
import type { Platform } from '../../../../functions/core/service/platform.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import type { ServerPlatform } from '../../../../functions/node/server-platform.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../../standins/registry/upstream.ts';
import { parsed } from '../config/parsing.ts';

const image = makeImage({ layers: [randomLayer('service', 5_000)] });
const lines: unknown[][] = [];
const log = { passes: () => true, event: (...line: unknown[]) => void lines.push(line) };

let hub: Upstream;
let platform: ServerPlatform;
let settled: () => Promise<void>;

beforeEach(async () => {
  lines.length = 0;
  hub = await startUpstream({ auth: 'required', accounts: [{ username: 'me', password: 'pass' }] });
  hub.add('library/app', image, '1');
  const runtime = nodeRuntime(() => undefined);
  ({ settled } = runtime);
  platform = await openInMemory(Number.POSITIVE_INFINITY)({
    environment: { PASSWORD: 'pass' },
    runtime: runtime.runtime,
    log,
    fetch: (url, init) => fetch(url, init),
  });
});

afterEach(async () => {
  await settled();
  await platform.close();
  await hub.close();
});

function serviceOn(changes: Partial<Platform> = {}): Service {
  const credentials = {
    username: 'me',
    password: { env: 'PASSWORD' },
    for: 'access',
    readers: ['anyone'],
  };
  const json = { upstreams: { 'docker.io': { url: hub.url, credentials } } };
  return createService(parsed(json, { PASSWORD: 'pass' }), { ...platform, ...changes });
}

async function get({ app }: Service, target: string): Promise<Response> {
  const request = new Request(`http://mirror.test${target}`);
  return app.fetch(request, { target, answered: () => undefined });
}

test('it answers the registry’s paths with the configured upstreams and passwords', async () => {
  const answer = await get(serviceOn(), '/v2/library/app/manifests/1');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  expect(hub.requests.some(({ authorization }) => authorization === 'Basic')).toBe(true);
});

test('it is healthy until it closes', async () => {
  const service = serviceOn();
  expect((await get(service, '/healthz')).status).toBe(200);
  service.startClosing();
  expect((await get(service, '/healthz')).status).toBe(503);
  expect((await get(service, '/v2/')).status).toBe(200);
});

test('it answers by another configuration from the moment it gets one', async () => {
  const other = await startUpstream();
  other.add('library/app', makeImage({ layers: [randomLayer('other', 5_000)] }), '1');
  const service = serviceOn();
  const digest = async () =>
    (await get(service, '/v2/library/app/manifests/1')).headers.get('docker-content-digest');
  expect(await digest()).toBe(image.manifest.digest);
  const json = { defaultUpstream: 'other.test', upstreams: { 'other.test': { url: other.url } } };
  service.reconfigure(parsed(json));
  expect(other.count({ kind: 'manifest' })).toBe(0);
  expect(await digest()).not.toBe(image.manifest.digest);
  expect(other.count({ kind: 'manifest' })).toBeGreaterThan(0);
  await other.close();
});

test('a filler stores missing blobs with the same tokens', async () => {
  const jobs: FillJob[] = [];
  const queue = { enqueue: async (added: readonly FillJob[]) => void jobs.push(...added) };
  const service = serviceOn({ ports: { ...platform.ports, queue } });
  await get(service, '/v2/library/app/manifests/1');
  const tokens = hub.count({ kind: 'token' });
  const filler = service.createFiller();
  expect(jobs).toHaveLength(2);
  for (const job of jobs) {
    expect(await filler.handleFill(job)).toEqual({ kind: 'done' });
    expect(await platform.ports.blobs.stat(job.blob.digest)).toBeDefined();
  }
  expect(hub.count({ kind: 'token' })).toBe(tokens);
});

test('an unexpected error is logged with its stack, and answered', async () => {
  const service = serviceOn({
    missingBlobs: {
      otherInstancesFill: false,
      answer: async () => {
        throw new TypeError('a bug');
      },
    },
  });
  await get(service, '/v2/library/app/manifests/1');
  const answer = await get(service, `/v2/library/app/blobs/${image.layers[0]?.digest}`);
  expect(answer.status).toBe(429);
  service.unexpected(new RangeError('another'));
  expect(lines.filter(([, message]) => message === 'unexpected')).toContainEqual([
    'error',
    'unexpected',
    { error: expect.stringMatching(/^RangeError: another\n +at /) },
  ]);
});

test('a pull is recorded within the hour, unless the platform says otherwise', async () => {
  let now = Date.now();
  const marked = vi.spyOn(platform.ports.manifests, 'markPulled');
  const runtime = { ...platform.runtime, now: () => now };
  const service = serviceOn({ markInterval: undefined, runtime });
  const target = `/v2/library/app/manifests/${image.manifest.digest}`;
  const marks: number[] = [];
  for (let pulls = 0; pulls < 3; pulls++) {
    await get(service, target);
    marks.push(marked.mock.calls.length);
    now += 31 * 60_000;
  }
  // The put of the manifest records the first.
  expect(marks).toEqual([0, 0, 1]);
});
