import { expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../../../functions/node/observe/metrics.ts';
import { record } from '../../core/observe/records.ts';

const counters = {
  pullsServed: 30,
  pullsAvoided: 29,
  pullsMade: 1,
  bytesServed: 300,
  bytesFetched: 10,
};

function opened(): Metrics {
  const metrics = createMetrics();
  metrics.attach({
    blobs: { usedBytes: async () => 4096 },
    ledger: { counters: async () => counters, rateLimits: async () => [] },
  });
  return metrics;
}

/** The samples of a text, without the histograms' buckets. */
async function samples(metrics: Metrics): Promise<string[]> {
  const { type, body } = await metrics.page();
  expect(type).toMatch(/^text\/plain/);
  const lines = body.split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'));
}

test('requests by kind, method, status and cache', async () => {
  const metrics = opened();
  metrics.begin()(record());
  metrics.begin()(record());
  metrics.begin()(record({ method: 'HEAD', written: { bytes: 0, end: 'complete' } }));
  metrics.begin()(
    record({ method: 'BREW', status: 405, note: { ...record().note, cache: 'none' } }),
  );
  metrics.begin();
  const text = await samples(metrics);
  for (const line of [
    'pullfront_requests_total{kind="manifest",method="GET",status="200",cache="hit"} 2',
    'pullfront_requests_total{kind="manifest",method="HEAD",status="200",cache="hit"} 1',
    'pullfront_requests_total{kind="manifest",method="other",status="405",cache="none"} 1',
    'pullfront_request_seconds_count{kind="manifest",cache="hit"} 3',
    'pullfront_served_bytes_total{kind="manifest"} 1584',
    'pullfront_active_requests 1',
  ]) {
    expect(text).toContain(line);
  }
});

test('what the stores know', async () => {
  const metrics = opened();
  await samples(metrics);
  const text = await samples(metrics);
  for (const line of [
    'pullfront_store_bytes 4096',
    'pullfront_pulls_served_total 30',
    'pullfront_pulls_avoided_total 29',
    'pullfront_pulls_made_total 1',
    'pullfront_fetched_bytes_total 10',
  ]) {
    expect(text).toContain(line);
  }
  expect(text.join('\n')).toMatch(/^process_resident_memory_bytes [1-9]\d{6,}$/m);
});

test('upstreams, limits and fills', async () => {
  const metrics = opened();
  const rate = { limit: 100, remaining: 42, windowSeconds: 21_600 };
  metrics.observe({ kind: 'rate-limit', registry: 'docker.io', credentials: 'anonymous', rate });
  const sent = { registry: 'docker.io', purpose: 'manifest', method: 'HEAD', name: 'x' } as const;
  const event = { kind: 'upstream-request', ...sent, milliseconds: 5 } as const;
  metrics.observe({ ...event, status: 200 });
  metrics.observe({ ...event, status: 'timeout' });
  const fill = { kind: 'fill', repository: 'docker.io/x', digest: 'sha256:aa' } as const;
  const rest = { bytes: 5, milliseconds: 1500, reason: undefined };
  metrics.observe({ ...fill, ...rest, outcome: 'stored' });
  metrics.observe({ kind: 'passed-through', repository: 'docker.io/x', bytes: 6 });
  metrics.observe({ kind: 'evicted', manifests: 1, blobs: 1, bytes: 7 });
  metrics.observe({ kind: 'store-failed', operation: 'put tag', reason: 'x' });
  const text = await samples(metrics);
  const request = 'pullfront_upstream_requests_total{registry="docker.io",purpose="manifest"';
  for (const line of [
    'pullfront_upstream_rate_limit{registry="docker.io",credentials="anonymous"} 100',
    'pullfront_upstream_rate_remaining{registry="docker.io",credentials="anonymous"} 42',
    `${request},method="HEAD",status="200"} 1`,
    `${request},method="HEAD",status="timeout"} 1`,
    'pullfront_fills_total{outcome="stored"} 1',
    'pullfront_fill_seconds_sum 1.5',
    'pullfront_passed_through_bytes_total 6',
    'pullfront_evicted_bytes_total 7',
    'pullfront_store_failures_total{operation="put tag"} 1',
  ]) {
    expect(text).toContain(line);
  }
});

test('who is left alone after a failure, without the names that clients make up', async () => {
  const metrics = opened();
  const registry = 'docker.io';
  const alone = { kind: 'backed-off', registry, milliseconds: 5000, reason: 'status 500' } as const;
  const all = { host: undefined, repository: undefined };
  const gauge = `pullfront_upstream_failing{registry="${registry}"}`;
  metrics.observe({ ...alone, scope: 'repository', host: registry, repository: 'library/x' });
  metrics.observe({ ...alone, scope: 'repository', host: registry, repository: 'library/y' });
  metrics.observe({ ...alone, scope: 'blob-host', host: 'cdn.example', repository: undefined });
  expect((await samples(metrics)).join()).not.toContain(gauge);
  metrics.observe({ ...alone, ...all, scope: 'registry' });
  const text = await samples(metrics);
  for (const line of [
    `pullfront_upstream_backoffs_total{registry="${registry}",scope="repository"} 2`,
    `pullfront_upstream_backoffs_total{registry="${registry}",scope="blob-host"} 1`,
    `pullfront_upstream_backoffs_total{registry="${registry}",scope="registry"} 1`,
    `${gauge} 1`,
  ]) {
    expect(text).toContain(line);
  }
  expect(text.join()).not.toContain('library/x');
  metrics.observe({ kind: 'answers-again', registry, scope: 'registry', ...all });
  expect(await samples(metrics)).toContain(`${gauge} 0`);
});
