import { expect, test } from 'vitest';
import { logEvent } from '../../../../functions/node/observe/event-log.ts';
import { openLog } from '../../../../functions/node/observe/log.ts';
import { record } from './records.ts';

function opened(format: 'auto' | 'json' | 'text', level: 'debug' | 'info' | 'silent', tty = false) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line), flushSync: () => undefined };
  return { log: openLog({ format, level }, destination, tty), lines };
}

test('one JSON line a request', () => {
  const { log, lines } = opened('json', 'info');
  log.request(record(), 'info');
  expect(lines).toHaveLength(1);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
  expect(line).toEqual({
    level: 'info',
    msg: 'request',
    client: 'containerd/1.6.20',
    kind: 'manifest',
    form: 'ns',
    method: 'GET',
    repository: 'docker.io/library/alpine',
    reference: '3.20',
    status: 200,
    cache: 'hit',
    upstreamCalls: 0,
    ms: 1.23,
    bytes: 528,
  });
});

test('the reason of what went wrong', () => {
  const { log, lines } = opened('json', 'info');
  const note = { ...record().note, reason: 'docker.io: too many requests' };
  log.request(record({ note }), 'warn');
  log.request(record({ written: { bytes: 1, end: 'left' } }), 'info');
  const error = new Error('digest differs');
  log.request(record({ written: { bytes: 1, end: 'broken', error } }), 'error');
  expect(lines.map((line) => JSON.parse(line).reason)).toEqual([
    'docker.io: too many requests',
    'the client left',
    'digest differs',
  ]);
});

test('a readable line on a terminal', () => {
  const { log, lines } = opened('auto', 'info', true);
  log.request(record(), 'info');
  const digest = `sha256:${'a'.repeat(64)}`;
  const note = {
    ...record().note,
    kind: 'blob',
    reference: digest,
    cache: 'miss',
    upstreamCalls: 2,
  };
  log.request(record({ note, written: { bytes: 94_500_000, end: 'left' } }), 'info');
  expect(lines.map((line) => line.slice(9))).toEqual([
    'GET  200 hit docker.io/library/alpine:3.20 1.2 ms 528 B containerd/1.6.20\n',
    'GET  200 miss docker.io/library/alpine@sha256:aaaaaaaaaaaa… 1.2 ms 94.5 MB 2 upstream containerd/1.6.20 (the client left)\n',
  ]);
});

test('auto is JSON where no person reads', () => {
  const { log, lines } = opened('auto', 'info', false);
  log.request(record(), 'info');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'request' });
});

test('control characters never reach a terminal', () => {
  const { log, lines } = opened('text', 'info');
  const note = { ...record().note, reference: 'a\u001b[2J\nb', reason: '\u009b31m' };
  log.request(record({ note }), 'info');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(lines.join('').slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test.each(['json', 'text'] as const)('the level decides (%s)', (format) => {
  const { log, lines } = opened(format, 'info');
  log.request(record(), 'debug');
  log.event('debug', 'nothing');
  expect(lines).toEqual([]);
  const silent = opened(format, 'silent');
  silent.log.request(record(), 'error');
  silent.log.event('error', 'nothing');
  expect(silent.lines).toEqual([]);
});

test('events', () => {
  const { log, lines } = opened('text', 'debug');
  const rate = { limit: 100, remaining: 10, windowSeconds: 21_600 };
  logEvent(log, { kind: 'rate-limit', registry: 'docker.io', credentials: 'anonymous', rate });
  logEvent(log, {
    kind: 'upstream-request',
    registry: 'docker.io',
    purpose: 'token',
    method: 'GET',
    name: 'library/alpine',
    status: 200,
    milliseconds: 12,
  });
  logEvent(log, {
    kind: 'fill',
    repository: 'docker.io/library/alpine',
    digest: 'sha256:aa',
    outcome: 'mismatch',
    bytes: 10,
    milliseconds: 7,
    reason: 'digest differs',
  });
  const alone = { registry: 'docker.io', milliseconds: 5000, reason: 'status 500' };
  const all = { host: undefined, repository: undefined };
  const one = { host: 'docker.io', repository: 'library/alpine' };
  logEvent(log, { kind: 'backed-off', ...alone, ...all, scope: 'registry' });
  logEvent(log, { kind: 'backed-off', ...alone, ...one, scope: 'repository' });
  logEvent(log, { kind: 'answers-again', registry: 'docker.io', scope: 'registry', ...all });
  logEvent(log, { kind: 'evicted', manifests: 1, blobs: 2, bytes: 3 });
  logEvent(log, { kind: 'store-failed', operation: 'put tag', reason: 'disk full' });
  expect(lines.map((line) => line.slice(9, -1))).toEqual([
    'WARN rate-limit registry=docker.io credentials=anonymous remaining=10 limit=100',
    'upstream-request registry=docker.io purpose=token method=GET name=library/alpine status=200 ms=12',
    'WARN fill repository=docker.io/library/alpine digest=sha256:aa outcome=mismatch bytes=10 reason=digest differs ms=7',
    'WARN backed-off registry=docker.io reason=status 500 scope=registry ms=5000',
    'backed-off registry=docker.io reason=status 500 host=docker.io repository=library/alpine scope=repository ms=5000',
    'answers-again registry=docker.io scope=registry',
    'evicted manifests=1 blobs=2 bytes=3',
    'ERROR store-failed operation=put tag reason=disk full',
  ]);
});
