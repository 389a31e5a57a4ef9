import { expect, test } from 'vitest';
import { errorText, jsonLog, type LeastLevel } from '../../../../functions/core/observe/log.ts';

function opened(least: LeastLevel) {
  const lines: string[] = [];
  let now = Date.UTC(2026, 0, 2);
  const log = jsonLog(
    least,
    (line) => lines.push(line),
    () => now++,
  );
  return { log, lines };
}

test('a line is its level, the time, the message and the fields that there are', () => {
  const { log, lines } = opened('debug');
  log.event('warn', 'fill given up', { digest: 'sha256:a', reason: undefined });
  log.event('debug', 'nothing');
  expect(lines).toEqual([
    '{"level":"warn","time":"2026-01-02T00:00:00.000Z","message":"fill given up","digest":"sha256:a"}',
    '{"level":"debug","time":"2026-01-02T00:00:00.001Z","message":"nothing"}',
  ]);
});

test('lines of one millisecond have one time, also if the clock is set back', () => {
  const lines: string[] = [];
  let now = 5;
  const log = jsonLog(
    'info',
    (line, level) => lines.push(`${level} ${JSON.parse(line).time}`),
    () => now,
  );
  for (const time of [5, 5, 6, 5]) {
    now = time;
    log.event('info', 'a line');
  }
  const at = (ms: number) => `info 1970-01-01T00:00:00.00${ms}Z`;
  expect(lines).toEqual([at(5), at(5), at(6), at(5)]);
});

test('the least level decides which lines are written', () => {
  const { log, lines } = opened('warn');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    log.event(level, level);
    expect(log.passes(level)).toBe(level === 'warn' || level === 'error');
  }
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['warn', 'error']);
  const silent = opened('silent');
  silent.log.event('error', 'nothing');
  expect(silent.lines).toEqual([]);
});

test('an error says where it came from', () => {
  expect(errorText(new Error('broken'))).toMatch(/broken\n +at /);
  expect(errorText('broken')).toBe('broken');
  const bare = Object.assign(new Error('broken'), { stack: undefined });
  expect(errorText(bare)).toBe('broken');
});
