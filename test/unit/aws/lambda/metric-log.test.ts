import { expect, test } from 'vitest';
import { observeEvent } from '../../../../functions/aws/lambda/measured.ts';
import { openLog } from '../../../../functions/aws/lambda/metric-log.ts';
import { measuredLedger } from '../../../../functions/aws/observe/measured-ledger.ts';
import { logRequest } from '../../../../functions/aws/observe/request-log.ts';

function scene(level: 'debug' | 'info' | 'error' | 'silent') {
  const lines: string[] = [];
  const log = openLog(
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
  logRequest(log, record, [{ name: 'PullsAvoided', value: 1 }]);
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)]);
  expect(parsed()).toEqual([
    {
      level: 'info',
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

test('a quieter log keeps the metrics and leaves out the request', () => {
  const { log, parsed } = scene('error');
  logRequest(log, record, []);
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

test('counts become metrics at once, and are written at most once a minute', async () => {
  let now = 0;
  let flushes = 0;
  const nothing = {
    pullsServed: 0,
    pullsAvoided: 0,
    pullsMade: 0,
    bytesServed: 0,
    bytesFetched: 0,
  };
  const ledger = measuredLedger(
    {
      recordRateLimit: async () => undefined,
      rateLimits: async () => [],
      count: () => undefined,
      counters: async () => nothing,
      async flush() {
        flushes += 1;
        throw new Error('the table is down');
      },
    },
    {
      now: () => now,
      observe: () => undefined,
      waitUntil: () => undefined,
      createHash: () => ({ update: () => undefined, hex: () => '' }),
      sleep: async () => undefined,
      random: () => 0,
    },
  );
  ledger.count({ pullsServed: 1, pullsAvoided: 1 });
  ledger.count({ pullsMade: 1 });
  expect(ledger.take().map(({ name }) => name)).toEqual(['PullsAvoided', 'PullsMade']);
  expect(ledger.take()).toEqual([]);
  for (const time of [0, 59_999, 60_000, 61_000, 120_000]) {
    now = time;
    await ledger.flushSometimes();
  }
  expect(flushes).toBe(2);
});
