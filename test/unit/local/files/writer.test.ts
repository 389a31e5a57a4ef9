import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OpenFile } from '../../../../functions/local/files/open-file.ts';
import { FileWriter } from '../../../../functions/local/files/writer.ts';

let folder: string;
let path: string;
let file: OpenFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-writer-'));
  path = join(folder, 'file');
  file = await OpenFile.create(path);
});
afterEach(async () => {
  file.release();
  await rm(folder, { recursive: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);

test('chunks are written in their order, those of one write together', async () => {
  const written: number[] = [];
  const writer = new FileWriter(file, (count) => written.push(count));
  for (const text of ['a', 'bc', '', 'def']) writer.append(bytes(text));
  await writer.drained();
  expect(written).toEqual([1, 6]);
  writer.append(bytes('g'));
  await writer.drained();
  expect(written).toEqual([1, 6, 7]);
  expect(await readFile(path, 'utf8')).toBe('abcdefg');
});

test('nothing to write is written at once', async () => {
  const written: number[] = [];
  const writer = new FileWriter(file, (count) => written.push(count));
  await writer.drained();
  writer.append(bytes(''));
  await writer.drained();
  expect(written).toEqual([]);
});

test('it is full when more than 4 MiB wait behind a write', async () => {
  const writer = new FileWriter(file, () => undefined);
  const mebibytes = new Uint8Array(4 * 1024 * 1024);
  writer.append(bytes('first'));
  expect(writer.isFull).toBe(false);
  writer.append(mebibytes);
  expect(writer.isFull).toBe(false);
  writer.append(bytes('x'));
  expect(writer.isFull).toBe(true);
  await writer.drained();
  expect(writer.isFull).toBe(false);
});

test('a write that fails is the error of all that follows', async () => {
  const reading = await OpenFile.read(path);
  const written: number[] = [];
  const writer = new FileWriter(reading, (count) => written.push(count));
  writer.append(bytes('a'));
  await expect(writer.drained()).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => writer.append(bytes('b'))).toThrow('EBADF');
  await expect(writer.drained()).rejects.toMatchObject({ code: 'EBADF' });
  expect(written).toEqual([]);
  reading.release();
});
