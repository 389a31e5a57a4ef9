import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { standardOutput } from '../../../../functions/node/observe/standard-output.ts';
import { patience } from '../../../patience.ts';

let folder: string;
let fd: number;
let file: string;
const lost: string[] = [];
const onLost = (reason: string) => lost.push(reason);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-output-'));
  file = join(folder, 'log');
  fd = openSync(file, 'a');
  lost.length = 0;
});
afterEach(async () => {
  closeSync(fd);
  await rm(folder, { recursive: true, force: true });
});

const written = () => readFileSync(file, 'utf8');

test('a few lines come together, soon', async () => {
  const output = standardOutput({ fd, onLost });
  output.write('one\n');
  output.write('two\n');
  expect(written()).toBe('');
  await vi.waitFor(() => expect(written()).toBe('one\ntwo\n'), patience);
});

test('many lines come at once and in order, the last by a flush', async () => {
  const output = standardOutput({ fd, onLost });
  const lines = Array.from({ length: 2_000 }, (_, at) => `${at} ${'é'.repeat(20)}\n`);
  for (const line of lines) output.write(line);
  await vi.waitFor(() => expect(written()).toBe(lines.join('')), patience);
  output.write('last\n');
  output.flushSync();
  await vi.waitFor(() => expect(written()).toBe(`${lines.join('')}last\n`), patience);
  expect(lost).toEqual([]);
});

test('an output that cannot be written loses its lines, says so once, and ends nothing', async () => {
  const full = openSync('/dev/full', 'w');
  const output = standardOutput({ fd: full, onLost });
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 100; at++) output.write(`${'x'.repeat(100)}\n`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
  await vi.waitFor(() => expect(lost).toHaveLength(1), patience);
  expect(lost[0]).toContain('ENOSPC');
  output.write('last\n');
  output.flushSync();
  expect(lost).toHaveLength(1);
  closeSync(full);
});

test('an urgent line takes those before it along at once', async () => {
  const output = standardOutput({ fd, delay: 1e9, onLost });
  output.write('one\n');
  output.write('two\n', true);
  await vi.waitFor(() => expect(written()).toBe('one\ntwo\n'), patience);
});

test('a flush neither repeats nor reorders a write in progress', async () => {
  const output = standardOutput({ fd, delay: 1e9, onLost });
  output.write('one\n', true);
  output.write('two\n');
  output.flushSync();
  await vi.waitFor(() => expect(written()).toBe('one\ntwo\n'), patience);
});

test('a flush waits for the slow reader of a pipe that does not block', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reader = spawn('sh', [
    '-c',
    'exec 3<"$0"; echo open; sleep 0.5; cat <&3 >"$1"',
    fifo,
    file,
  ]);
  // The shell's open and this one wait for each other.
  const pipe = openSync(fifo, constants.O_WRONLY);
  const full = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  closeSync(pipe);
  const output = standardOutput({ fd: full, delay: 1e9, onLost });
  const line = `${'x'.repeat(199)}\n`;
  for (let at = 0; at < 1000; at++) output.write(line);
  // The first batch is refused by now, or another thread writes it.
  await new Promise((wake) => setTimeout(wake, 100));
  output.flushSync();
  closeSync(full);
  await once(reader, 'close');
  expect(written()).toBe(line.repeat(1000));
  expect(lost).toEqual([]);
});
