import { beforeEach, expect, test } from 'vitest';
import { createMetricLog, metricFields } from '../../../../functions/aws/metrics/metric-log.ts';

let lines: Record<string, unknown>[];

beforeEach(() => {
  lines = [];
});

const logOf = (least: 'debug' | 'warn') =>
  createMetricLog(
    least,
    (line) => lines.push(JSON.parse(line)),
    () => 5,
  );

const measured = { name: 'PullsMade', value: 2 } as const;
const directive = (name: string, unit: string, dimensions: string[][]) => ({
  Namespace: 'Pullfront',
  Dimensions: dimensions,
  Metrics: [{ Name: name, Unit: unit }],
});

test('each metric goes with its dimensions and without', () => {
  const by = { registry: 'docker.io' };
  const fields = metricFields([{ name: 'GoneTags', value: 1, by }, measured], 7);
  expect(fields).toEqual({
    registry: 'docker.io',
    GoneTags: 1,
    PullsMade: 2,
    _aws: {
      Timestamp: 7,
      CloudWatchMetrics: [
        directive('GoneTags', 'Count', [['registry'], []]),
        directive('PullsMade', 'Count', [[]]),
      ],
    },
  });
});

test('a line has its fields, its metrics and the invocation', () => {
  const log = logOf('debug');
  log.of('R1');
  log.measure([measured], 'info', 'answered', { status: 200 });
  expect(lines).toEqual([
    expect.objectContaining({ status: 200, request: 'R1', PullsMade: 2, _aws: expect.anything() }),
  ]);
  expect(JSON.stringify(lines)).toContain('answered');
});

test('a line whose level is not written has only its metrics', () => {
  const log = logOf('warn');
  log.of('R1');
  log.measure([measured], 'info', 'answered', { status: 200 });
  expect(lines).toEqual([{ request: 'R1', PullsMade: 2, _aws: expect.anything() }]);
  log.event('info', 'nothing');
  expect(lines).toHaveLength(1);
  expect([log.passes('info'), log.passes('warn')]).toEqual([false, true]);
});

test('lines belong to the invocation that was named last', () => {
  const log = logOf('debug');
  for (const request of ['R1', 'R2', undefined]) {
    log.of(request);
    log.event('warn', 'something', { digest: 'x' });
  }
  expect(lines.map(({ request, digest }) => [request, digest])).toEqual([
    ['R1', 'x'],
    ['R2', 'x'],
    [undefined, 'x'],
  ]);
});
