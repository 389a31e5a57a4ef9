import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import { Scrub } from '../../../../functions/local/files/scrub.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const minute = 60_000;
const day = 86_400_000;
const megabyte = 1_000_000;

const digests = Array.from({ length: 60 }, (_, at) => madeDigest(String(at))).sort();
let read: Digest[];
let position: Digest | undefined;
let problems: string[];
let scrub: Scrub;

function start(readAgain: (digest: Digest) => Promise<boolean> = async () => true): void {
  const store = {
    after: (digest: Digest | undefined) => {
      const next = digests.find((one) => digest === undefined || one > digest);
      return next && { digest: next, size: megabyte, stored: 0 };
    },
    usedBytes: async () => digests.length * megabyte,
    readAgain: (digest: Digest) => {
      read.push(digest);
      return readAgain(digest);
    },
  };
  const kept = {
    read: () => position,
    write: async (digest: Digest) => {
      position = digest;
    },
  };
  scrub = new Scrub(store, kept, (reason) => problems.push(reason));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  read = [];
  position = undefined;
  problems = [];
});
afterEach(async () => {
  await scrub.stop();
  vi.useRealTimers();
});

/** Only an interval is faked, and a run needs a few turns of its own. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

describe('the scrub', () => {
  test('reads every blob once in 30 days, evenly', async () => {
    start();
    await pass(15 * day);
    expect(read.length).toBeGreaterThanOrEqual(29);
    expect(read.length).toBeLessThanOrEqual(32);
    await pass(15 * day);
    expect(new Set(read).size).toBe(60);
    expect(read.length).toBeLessThanOrEqual(62);
  });

  test('continues after a restart where it was', async () => {
    start();
    await pass(10 * day);
    await scrub.stop();
    const before = read.length;
    start();
    await pass(minute);
    await pass(10 * day);
    expect(read).toEqual(digests.slice(0, read.length));
    expect(read.length).toBeGreaterThan(before + 15);
  });

  test('makes progress in a process that never lives for a day', async () => {
    for (let restart = 0; restart < 5; restart++) {
      start();
      await pass(2 * minute);
      await scrub.stop();
    }
    expect(read).toEqual(digests.slice(0, 5));
  });

  test('goes on after a blob that it cannot read', async () => {
    start(() => Promise.reject(new Error('EACCES')));
    await pass(minute);
    expect(problems).toEqual(['cannot verify the stored blobs: EACCES']);
    await pass(2 * day);
    expect(read.length).toBeGreaterThan(2);
    expect(position).toBe(read.at(-1));
  });
});
