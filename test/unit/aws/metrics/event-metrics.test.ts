import { expect, test } from 'vitest';
import { measureRequest, observeEvent } from '../../../../functions/aws/metrics/event-metrics.ts';
import { createMetricLog } from '../../../../functions/aws/metrics/metric-log.ts';

function scene(level: 'debug' | 'info' | 'warn' | 'error' | 'silent') {
  const lines: string[] = [];
  const log = createMetricLog(
    level,
    (line) => lines.push(line),
    () => 1_700_000_000_000,
  );
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

const record = {
  method: 'GET',
  status: 200,
  note: {
    kind: 'manifest',
    form: 'root',
    upstreamCalls: 0,
    cache: 'hit',
    repository: 'docker.io/library/alpine',
    reference: '3.20',
  },
  userAgent: 'docker/29.1 go/1',
  milliseconds: 1.234,
  written: { bytes: 528, end: 'complete' },
} as const;

test('a request is one line, which CloudWatch counts by its cache and kind and by nothing', () => {
  const { log, lines, parsed } = scene('info');
  measureRequest(log, record, [{ name: 'PullsAvoided', value: 1 }]);
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}$/)]);
  expect(parsed()).toEqual([
    {
      level: 'info',
      time: '2023-11-14T22:13:20.000Z',
      message: 'request',
      client: 'docker/29.1',
      kind: 'manifest',
      form: 'root',
      method: 'GET',
      repository: 'docker.io/library/alpine',
      reference: '3.20',
      status: 200,
      cache: 'hit',
      upstreamCalls: 0,
      ms: 1.23,
      bytes: 528,
      Requests: 1,
      PullsAvoided: 1,
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Pullfront',
            Dimensions: [['cache', 'kind'], []],
            Metrics: [{ Name: 'Requests', Unit: 'Count' }],
          },
          {
            Namespace: 'Pullfront',
            Dimensions: [[]],
            Metrics: [{ Name: 'PullsAvoided', Unit: 'Count' }],
          },
        ],
      },
    },
  ]);
});

test('a URL of the bucket is measured by the size of its blob', () => {
  const { log, parsed } = scene('info');
  const note = { ...record.note, kind: 'blob', redirected: 5_000 };
  measureRequest(log, { ...record, status: 307, note }, []);
  expect(parsed()).toMatchObject([{ Requests: 1, RedirectedBytes: 5_000 }]);
});

test('a quieter log keeps the metrics and leaves out the request', () => {
  const { log, parsed } = scene('error');
  measureRequest(log, record, []);
  expect(parsed()).toEqual([
    { cache: 'hit', kind: 'manifest', Requests: 1, _aws: expect.anything() },
  ]);
});

test('events are measured', () => {
  const { log, parsed } = scene('error');
  const rate = { limit: 100, remaining: 7, windowSeconds: 3600 };
  observeEvent(log, { kind: 'rate-limit', registry: 'docker.io', credentials: 'anonymous', rate });
  observeEvent(log, {
    kind: 'upstream-request',
    registry: 'docker.io',
    purpose: 'manifest',
    method: 'GET',
    name: 'library/alpine',
    status: 429,
    milliseconds: 3,
  });
  observeEvent(log, {
    kind: 'fill',
    repository: 'docker.io/library/alpine',
    digest: 'sha256:a',
    outcome: 'failed',
    bytes: 5,
    milliseconds: 3,
    reason: 'it broke',
  });
  expect(parsed()).toMatchObject([
    { registry: 'docker.io', RateLimitRemaining: 7 },
    { registry: 'docker.io', Upstream429: 1 },
    { FillFailures: 1 },
  ]);
});

test('each request over a limit is counted by its tier, its limit and its outcome', () => {
  const { log, parsed } = scene('warn');
  const by = { tier: 'office', limit: 'largestBlob', outcome: 'refused' } as const;
  observeEvent(log, { kind: 'client-limited', ...by, requests: 1 });
  observeEvent(log, { kind: 'client-limited', ...by, requests: undefined });
  const [, ...measured] = parsed();
  expect(measured).toHaveLength(2);
  for (const one of measured) {
    expect(one).toMatchObject({ ClientsLimited: 1, ...by });
    expect(one._aws.CloudWatchMetrics[0].Dimensions).toEqual([['tier', 'limit', 'outcome'], []]);
  }
});

test('each line names the invocation that writes it', () => {
  const { log, parsed } = scene('info');
  log.of('c6af9ac6-7b61-11e6-9a41-93e8deadbeef');
  measureRequest(log, record, []);
  observeEvent(log, { kind: 'store-failed', operation: 'getTag', reason: 'denied' });
  log.event('info', 'fill deferred', { digest: 'sha256:a' });
  log.of('another');
  log.measure([{ name: 'PullsMade', value: 1 }], 'debug', 'upstream-request');
  const ids = parsed().map(({ request }) => request);
  const [first = ''] = ids;
  expect(first).toBe('c6af9ac6-7b61-11e6-9a41-93e8deadbeef');
  expect(new Set(ids.slice(0, -1))).toEqual(new Set([first]));
  expect(ids.at(-1)).toBe('another');
});
