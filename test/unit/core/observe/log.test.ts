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
});
