import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program } from '../../forms/program.ts';

let folder: string;
const programs: Program[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-log-'));
});

afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function serve(environment: Readonly<Record<string, string>>, output?: number): Program {
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data')];
  const program = new Program(args, environment, output);
  programs.push(program);
  return program;
}

async function ping(program: Program, count: number): Promise<void> {
  const url = await program.url();
  for (let at = 0; at < count; at++) await (await fetch(`${url}/v2/`)).text();
}

/** Their lines are more than the 64 KiB that a pipe holds. */
const many = 1000;

test('a reader of the pipe that begins only at the end gets every line', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(fifo, 'w');
  const program = serve({}, writing);
  closeSync(writing);
  await ping(program, many);
  program.child.kill('SIGTERM');
  const lines = (await text(new Socket({ fd: reading }))).trim().split('\n');
  expect(await program.end()).toBe(0);
  const messages = lines.map((line) => JSON.parse(line).message);
  expect(messages.filter((message) => message === 'request')).toHaveLength(many);
  expect(program.err).not.toContain('lost');
});

test('the last lines of a program that breaks are in the log, with what broke it', async () => {
  const boom = "process.on('SIGUSR2', () => { throw new Error('boom'); });";
  const preload = `--import=data:text/javascript,${encodeURIComponent(boom)}`;
  const program = serve({ NODE_OPTIONS: preload });
  await ping(program, 3);
  program.child.kill('SIGUSR2');
  expect(await program.end()).not.toBe(0);
  const lines = program.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info request',
    'info request',
    'info request',
    'error unexpected',
  ]);
  expect(lines.at(-1).error).toContain('boom');
});

test('text, too, is complete at the end', async () => {
  const program = serve({ PULLFRONT_LOG_FORMAT: 'text' });
  await ping(program, 3);
  program.child.kill('SIGTERM');
  await program.end();
  expect(program.out).toMatch(/^(?:\d\d:\d\d:\d\d GET {2}200 - ping \d.*\n){3}$/);
});
