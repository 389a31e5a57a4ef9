import { afterEach, beforeEach, expect, test } from 'vitest';
import { openInMemory } from '../../../functions/cli/memory-platform.ts';
import { parseConfig } from '../../../functions/core/config/parse-config.ts';
import { type RunningServer, startServer } from '../../../functions/node/server.ts';
import type { OpenPlatform } from '../../../functions/node/server-platform.ts';

const lines: Record<string, unknown>[] = [];
const logTo = {
  write: (line: string) => void lines.push(JSON.parse(line)),
  flushSync: () => undefined,
};
const sizes: number[] = [];

let server: RunningServer;

const base = { listen: '127.0.0.1:0', store: 'memory', shutdownTimeout: '100ms' };
const configured = (more: object = {}) =>
  parseConfig({ ...base, ...more }, { HUB_TOKEN: 'given' }, []);

beforeEach(async () => {
  const parsed = configured();
  if (!('ok' in parsed)) throw new Error('the configuration has mistakes');
  const open: OpenPlatform = async (lent) => {
    const platform = await openInMemory(1e9)(lent);
    return {
      ...platform,
      bound: { evictBy: () => undefined, resize: (bytes) => sizes.push(bytes) },
    };
  };
  server = await startServer(parsed.ok, open, { environment: {}, logTo });
  lines.length = 0;
  sizes.length = 0;
});
afterEach(() => server.close());

/** What the log says of a reload. */
async function reloaded(more: object): Promise<readonly Record<string, unknown>[]> {
  await server.reload(async () => configured(more));
  return lines.map((line) => ({ ...line, text: line.message ?? line.msg ?? line.event }));
}

test('what a running server applies needs no restart', async () => {
  const more = {
    shutdownTimeout: '200ms',
    defaultUpstream: 'ghcr.io',
    upstreams: { 'ghcr.io': { tagTtl: '7s' } },
    networks: { office: ['203.0.113.0/24'] },
    limits: { storeBytes: '5MB', maxBlobBytes: '1MB' },
  };
  const [line, ...others] = await reloaded(more);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ text: 'configuration reloaded' });
  expect(line).not.toHaveProperty('needsRestart');
  expect(sizes).toEqual([5_000_000]);
});

test('other keys need a restart, and are named', async () => {
  const [line] = await reloaded({
    listen: '127.0.0.1:1',
    log: { level: 'debug' },
    limits: { memoryBytes: '1MB' },
  });
  const { needsRestart } = line ?? {};
  expect(String(needsRestart).split(', ').sort()).toEqual(['limits.memoryBytes', 'listen', 'log']);
});

test('a configuration with mistakes changes nothing, and each is logged', async () => {
  const found = await reloaded({ tagTtl: 'x', limits: { storeBytes: 'y' } });
  expect(found.map(({ text }) => text)).toEqual(found.map(() => 'configuration not reloaded'));
  expect(found.length).toBeGreaterThan(1);
  expect(sizes).toEqual([]);
});

test('a password that cannot be read is a mistake', async () => {
  const credentials = { username: 'user', password: { file: '/none/such' } };
  const found = await reloaded({ upstreams: { 'docker.io': { credentials } } });
  expect(found).toMatchObject([{ text: 'configuration not reloaded' }]);
  expect(String(found[0]?.mistake)).toContain('cannot read the password for docker.io');
  expect(sizes).toEqual([]);
});

test('a file that cannot be loaded is logged, and nothing rejects', async () => {
  await server.reload(() => Promise.reject(new Error('no such file')));
  expect(JSON.stringify(lines)).toContain('no such file');
});

test('closing twice is closing once', async () => {
  expect(server.close()).toBe(server.close());
});
