import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { afterEach, expect, it } from 'vitest';
import { migrate, type Row, type RunSql } from '../../../scripts/edge/migrate.ts';
import { pullPatiently } from '../../forms/pull.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';
import { builtModules } from './built-modules.ts';

const migrations = fileURLToPath(new URL('../../../infra/cloudflare/migrations', import.meta.url));
const names = ['first', 'second', 'third', 'fourth'];

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The built Worker in several isolates over one D1, R2 and queue; gives their addresses. */
async function startIsolates(upstream: string): Promise<string[]> {
  const modules = builtModules();
  const queue = 'pullfront-fills';
  const miniflare = new Miniflare({
    workers: names.map((name, at) => ({
      name,
      modules,
      compatibilityDate: '2026-04-15',
      compatibilityFlags: ['nodejs_compat'],
      bindings: {
        PULLFRONT_UPSTREAMS_DOCKER_IO_URL: upstream,
        PULLFRONT_LOG_LEVEL: 'silent',
      },
      d1Databases: { DB: 'pullfront' },
      r2Buckets: { BUCKET: 'pullfront' },
      queueProducers: { FILLS: queue, GIVEN_UP: 'given-up' },
      // A queue has one consumer.
      ...(at === 0 && { queueConsumers: { [queue]: { maxBatchSize: 1, maxBatchTimeout: 0 } } }),
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    })),
    cf: false,
  });
  open.push(() => miniflare.dispose());
  await miniflare.ready;
  const database = await miniflare.getD1Database('DB', names[0]);
  const run: RunSql = async (statements) => {
    const bound = statements.map(({ sql, values = [] }) => database.prepare(sql).bind(...values));
    return (await database.batch<Row>(bound)).map(({ results }) => results);
  };
  await migrate(run, migrations);
  const urls = await Promise.all(names.map((name) => miniflare.unsafeGetDirectURL(name)));
  return urls.map(({ origin }) => origin);
}

// What one isolate asked an upstream is the others' answer as well, by a lease and a row of D1.
it('200 cold clients of four isolates cause one manifest GET and one GET a blob', async () => {
  const image = makeImage({ layers: [randomLayer('isolates', 1_000_000)] });
  const hub = await startUpstream({ auth: 'anonymous' });
  open.push(() => hub.close());
  hub.add('library/app', image, '1');
  const urls = await startIsolates(hub.url);
  const pulls = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      pullPatiently(urls[at % urls.length] ?? '', 'library/app', '1'),
    ),
  );
  expect(pulls.every(({ isComplete }) => isComplete)).toBe(true);
  expect(hub.count({ kind: 'manifest', method: 'GET', status: 200 })).toBe(1);
  for (const { digest } of [image.config, ...image.layers]) {
    expect(hub.count({ kind: 'blob', method: 'GET', reference: digest, status: 307 })).toBe(1);
  }
});
