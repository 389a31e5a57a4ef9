import { expect, test } from 'vitest';
import { logEvent } from '../../../../functions/core/observe/event-line.ts';
import { createServerLog } from '../../../../functions/node/observe/server-log.ts';
import { record } from '../../core/observe/records.ts';

type Format = 'auto' | 'json' | 'text';

function opened(
  format: Format,
  level: 'debug' | 'info' | 'silent',
  terminal = false,
  color = false,
) {
  const lines: string[] = [];
  const urgent: (boolean | undefined)[] = [];
  const destination = {
    write: (line: string, isUrgent?: boolean) => {
      lines.push(line);
      urgent.push(isUrgent);
    },
    flushSync: () => undefined,
  };
  const log = createServerLog({ format, level }, destination, { terminal, color });
  return { log, lines, urgent };
}

test.each([
  ['json', true],
  ['auto', false],
] as const)('%s, on a terminal: %s: JSON lines with the time', (format, terminal) => {
  const { log, lines } = opened(format, 'info', terminal);
  log.request(record());
  log.event('warn', 'store failed', { reason: 'disk full' });
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/), expect.stringMatching(/^\{.*\}\n$/)]);
  const [request, event] = lines.map((line) => JSON.parse(line));
  expect(Math.abs(Date.parse(request.time) - Date.now())).toBeLessThan(60_000);
  expect(request).toMatchObject({ level: 'info', message: 'request', reference: '3.20', ms: 1.23 });
  expect(event).toMatchObject({ level: 'warn', message: 'store failed', reason: 'disk full' });
});

test('readable lines on a terminal', () => {
  const { log, lines } = opened('auto', 'info', true);
  log.request(record());
  log.request(record({ status: 503 }));
  logEvent(log, { kind: 'store-failed', operation: 'putTag', reason: 'disk full' });
  logEvent(log, { kind: 'evicted', manifests: 1, blobs: 2, bytes: 3 });
  expect(lines.map((line) => line.slice(9))).toEqual([
    'GET  200 hit docker.io/library/alpine:3.20 1.2 ms 528 B containerd/1.6.20\n',
    'WARN GET  503 hit docker.io/library/alpine:3.20 1.2 ms 528 B containerd/1.6.20\n',
    'ERROR store-failed operation=putTag (disk full)\n',
    'evicted manifests=1 blobs=2 3 B\n',
  ]);
});

test('only what went wrong is colored, and only text', () => {
  const { log, lines } = opened('text', 'info', false, true);
  log.event('info', 'evicted');
  log.event('warn', 'fill given up');
  log.event('error', 'unexpected');
  expect(lines.map((line) => line.slice(9))).toEqual([
    'evicted\n',
    '\u001b[1;33mWARN\u001b[0m fill given up\n',
    '\u001b[1;31mERROR\u001b[0m unexpected\n',
  ]);
  const json = opened('json', 'info', true, true);
  json.log.event('warn', 'fill given up');
  expect(json.lines[0]).not.toContain('\u001b');
});

test.each(['json', 'text'] as const)('what goes wrong waits for no batch (%s)', (format) => {
  const { log, urgent } = opened(format, 'info');
  for (const level of ['info', 'warn', 'error'] as const) log.event(level, 'x');
  log.request(record({ status: 503 }));
  expect(urgent).toEqual([false, true, true, true]);
});

test('an error with its stack is one line', () => {
  const { log, lines } = opened('text', 'info');
  log.event('error', 'unexpected', { error: 'Error: x\n    at a\n    at b' });
  expect(lines[0]?.slice(9)).toBe('ERROR unexpected error=Error: x | at a | at b\n');
});

test('control characters never reach a terminal', () => {
  const { log, lines } = opened('text', 'info');
  const note = { ...record().note, reference: 'a\u001b[2J\nb', reason: '\u009b31m' };
  log.request(record({ note }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(lines.join('').slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test.each(['json', 'text'] as const)('the level decides (%s)', (format) => {
  const { log, lines } = opened(format, 'info');
  log.request(record({ note: { ...record().note, kind: 'healthz' } }));
  log.event('debug', 'nothing');
  expect(lines).toEqual([]);
  const silent = opened(format, 'silent');
  silent.log.request(record({ status: 503 }));
  silent.log.event('error', 'nothing');
  expect(silent.lines).toEqual([]);
});

test('an output that is gone costs its lines, and nothing else', () => {
  const flushSync = () => {
    throw new Error('EPIPE');
  };
  const destination = { write: () => undefined, flushSync };
  const appearance = { terminal: false, color: false };
  createServerLog({ format: 'json', level: 'info' }, destination, appearance).flush();
});
