import { expect, test } from 'vitest';
import { terminalLog } from '../../scripts/edge/terminal-log.ts';

test("a Worker's lines look on a terminal as a server's do", () => {
  const lines: string[] = [];
  const print = terminalLog((text) => lines.push(text), true);
  const time = new Date(2026, 0, 2, 3, 4, 5);
  const log = (level: string, message: string, fields: object) =>
    `${JSON.stringify({ level, time, message, ...fields })}\n`;
  const fill = {
    repository: 'docker.io/a/b',
    digest: `sha256:${'a'.repeat(64)}`,
    outcome: 'stored',
  };
  const text =
    log('info', 'fill', { ...fill, bytes: 13_504_341, ms: 548 }) +
    log('warn', 'fill given up', { digest: fill.digest, reason: 'x' }) +
    'something of workerd\n{"level": broken\n';
  // In chunks that end anywhere.
  for (let at = 0; at < text.length; at += 50) print(text.slice(at, at + 50));
  expect(lines).toEqual([
    '03:04:05 fill docker.io/a/b@sha256:aaaaaaaaaaaa… stored 13.5 MB 548 ms\n',
    '03:04:05 \u001b[1;33mWARN\u001b[0m fill given up sha256:aaaaaaaaaaaa… (x)\n',
    'something of workerd\n',
    '{"level": broken\n',
  ]);
});
