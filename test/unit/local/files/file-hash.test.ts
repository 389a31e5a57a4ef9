import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DigestAlgorithm } from '../../../../functions/core/oci/digest.ts';
import { HashThread, streamHash } from '../../../../functions/local/files/file-hash.ts';
import { OpenFile } from '../../../../functions/local/files/open-file.ts';

// More than the thread reads at once.
const content = Buffer.alloc(600_000, 'content');
const hex = createHash('sha256').update(content).digest('hex');

let folder: string;
let file: OpenFile;
let thread: HashThread;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-hash-'));
  const path = join(folder, 'file');
  await writeFile(path, content);
  file = await OpenFile.read(path);
  thread = new HashThread();
});
afterEach(async () => {
  await thread.close();
  file.release();
  await rm(folder, { recursive: true, force: true });
});

test('the thread hashes a file behind its writer', async () => {
  const hash = thread.hash('sha256', file);
  for (const written of [1, 100_000, content.byteLength]) hash.grown(written);
  expect(await hash.hex(content.byteLength)).toBe(hex);
});

test('several files at once each get their own hash', async () => {
  const hashes = ['sha256', 'sha512', 'sha256'].map((algorithm) =>
    thread.hash(algorithm as DigestAlgorithm, file),
  );
  const found = await Promise.all(hashes.map((hash) => hash.hex(content.byteLength)));
  const sha512 = createHash('sha512').update(content).digest('hex');
  expect(found).toEqual([hex, sha512, hex]);
});

test('a file that is shorter than what was written to it has no hash', async () => {
  const hash = thread.hash('sha256', file);
  await expect(hash.hex(content.byteLength + 1)).rejects.toThrow('shorter than what was written');
});

test('hashes in progress reject when the thread ends, and the next starts another', async () => {
  // More than it can do before it is ended.
  const waiting = Promise.all(
    Array.from({ length: 50 }, () => thread.hash('sha256', file).hex(content.byteLength)),
  );
  const ending = expect(waiting).rejects.toThrow('the hashing thread ended');
  await thread.close();
  await ending;
  expect(await thread.hash('sha256', file).hex(content.byteLength)).toBe(hex);
});

test('they reject when the thread fails', async () => {
  const broken = thread.hash('no algorithm' as DigestAlgorithm, file);
  await expect(broken.hex(1)).rejects.toThrow('the hashing thread ended');
  expect(await thread.hash('sha256', file).hex(content.byteLength)).toBe(hex);
});

test('a dropped hash frees its place: others go on', async () => {
  const dropped = thread.hash('sha256', file);
  const kept = thread.hash('sha256', file);
  dropped.drop();
  dropped.grown(1000);
  expect(await kept.hex(content.byteLength)).toBe(hex);
});

test('small blobs are hashed as they come', async () => {
  const hash = streamHash('sha256');
  hash.update(content.subarray(0, 10));
  hash.update(content.subarray(10));
  expect(await hash.hex(content.byteLength)).toBe(hex);
});
