import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BlobVerifier } from '../../../../functions/local/files/blob-verifier.ts';
import { OpenFile } from '../../../../functions/local/files/open-file.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('content');
const blob = { digest, size: 7, stored: 0 };
const identity = { inode: 1, size: 7, modified: 2 };

let folder: string;
let verifier: BlobVerifier;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-verifier-'));
  verifier = new BlobVerifier();
});
afterEach(async () => {
  vi.useRealTimers();
  await verifier.close();
  await rm(folder, { recursive: true });
});

async function opened(content: string): Promise<OpenFile> {
  const path = join(folder, 'file');
  await writeFile(path, content);
  return OpenFile.read(path);
}

test('a blob is verified for the file that it was hashed in', () => {
  expect(verifier.knows(digest)).toBe(false);
  expect(verifier.has(digest, identity)).toBe(false);
  verifier.add(digest, identity);
  expect(verifier.knows(digest)).toBe(true);
  expect(verifier.has(digest, identity)).toBe(true);
  for (const change of [{ inode: 9 }, { size: 9 }, { modified: 9 }]) {
    expect(verifier.has(digest, { ...identity, ...change })).toBe(false);
  }
  verifier.forget(digest);
  expect(verifier.knows(digest)).toBe(false);
});

test('a doubted blob is not verified, and an unknown one stays unknown', () => {
  verifier.doubt(digest);
  expect(verifier.knows(digest)).toBe(false);
  verifier.add(digest, identity);
  verifier.doubt(digest);
  expect(verifier.knows(digest)).toBe(false);
  expect(verifier.has(digest, identity)).toBe(false);
});

test('a check finds right and wrong bytes, and shares one reading', async () => {
  const file = await opened('content');
  const [first, second] = [verifier.check(blob, file), verifier.check(blob, file)];
  expect(first).toBe(second);
  expect(await first).toBe(true);
  expect(verifier.has(digest, file.identity)).toBe(true);
  file.release();
  const wrong = await opened('another');
  expect(await verifier.check(blob, wrong)).toBe(false);
  expect(verifier.has(digest, wrong.identity)).toBe(false);
  wrong.release();
});

test('doubts after a check are bounded, and paid for by time', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const file = await opened('content');
  let doubted = 0;
  const doubt = async () => {
    verifier.doubt(digest);
    if (verifier.knows(digest)) return;
    doubted += 1;
    await verifier.check(blob, file);
  };
  await verifier.check(blob, file);
  for (let times = 0; times < 10; times++) await doubt();
  expect(doubted).toBe(4);
  vi.advanceTimersByTime(249);
  await doubt();
  expect(doubted).toBe(4);
  vi.advanceTimersByTime(1);
  await doubt();
  await doubt();
  expect(doubted).toBe(5);
  vi.advanceTimersByTime(60_000);
  for (let times = 0; times < 10; times++) await doubt();
  expect(doubted).toBe(9);
  file.release();
});

test('a reading with a pace asks before each step, and is another one', async () => {
  const size = 8 * 1024 * 1024 + 5;
  const content = 'x'.repeat(size);
  const file = await opened(content);
  const large = { digest: madeDigest(content), size, stored: 0 };
  const steps: number[] = [];
  const slow = verifier.check(large, file, async (bytes) => void steps.push(bytes));
  expect(verifier.check(large, file)).not.toBe(slow);
  expect(await slow).toBe(true);
  expect(steps).toEqual([8 * 1024 * 1024, 5]);
  file.release();
});

test('a pace that rejects ends the reading', async () => {
  const file = await opened('content');
  const checking = verifier.check(blob, file, () => Promise.reject(new Error('stopped')));
  await expect(checking).rejects.toThrow('stopped');
  expect(verifier.knows(digest)).toBe(false);
  file.release();
});
