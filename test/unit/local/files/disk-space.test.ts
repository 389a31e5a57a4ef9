import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DiskSize, DiskSpace } from '../../../../functions/local/files/disk-space.ts';

const megabyte = 1_000_000;

let size: DiskSize | undefined;
let reports: string[];
let space: DiskSpace;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  // Five of a hundred are kept.
  size = { total: 100 * megabyte, free: 50 * megabyte };
  reports = [];
  space = new DiskSpace(
    '/data',
    (reason) => reports.push(reason),
    async () => size,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

function claim(missing: number) {
  const one = {
    missing,
    grant(bytes: number) {
      one.missing += bytes;
    },
  };
  return one;
}

test('a blob gets all but the reserve', async () => {
  await space.reserve(claim(45 * megabyte));
  await expect(space.reserve(claim(1))).rejects.toThrow(
    'the disk is nearly full: no space for a blob of 0.0 MB',
  );
});

test('a byte more than that is refused, and reserves nothing', async () => {
  await expect(space.reserve(claim(45 * megabyte + 1))).rejects.toThrow('nearly full');
  await space.reserve(claim(45 * megabyte));
});

test('the reserve of a large disk is 256 MiB', async () => {
  const reserve = 256 * 1024 * 1024;
  size = { total: 1e12, free: reserve + 10 };
  await space.reserve(claim(10));
  await expect(space.reserve(claim(1))).rejects.toThrow('nearly full');
});

test('what other blobs were promised is taken, until it is written or released', async () => {
  const other = claim(40 * megabyte);
  await space.reserve(other);
  await expect(space.reserve(claim(6 * megabyte))).rejects.toThrow('no space for a blob of 6.0 MB');
  other.missing = 39 * megabyte;
  await space.reserve(claim(6 * megabyte));
  space.release(other);
  await space.reserve(claim(39 * megabyte));
});

test('a reservation grows if there is space', async () => {
  const one = claim(40 * megabyte);
  await space.reserve(one);
  await space.extend(one, 5 * megabyte);
  expect(one.missing).toBe(45 * megabyte);
  await expect(space.extend(one, 1)).rejects.toThrow('nearly full');
  expect(one.missing).toBe(45 * megabyte);
});

test('a file system that does not say its size refuses nothing', async () => {
  size = undefined;
  await space.reserve(claim(Number.MAX_SAFE_INTEGER));
});

test('a full disk is reported once a minute, with what to do', async () => {
  const refused = () => space.reserve(claim(46 * megabyte)).catch(() => undefined);
  await refused();
  expect(reports).toEqual([
    expect.stringMatching(
      /no space for a blob of 46\.0 MB; 50\.0 MB are free at \/data, and 5\.0 MB of/,
    ),
  ]);
  vi.advanceTimersByTime(59_999);
  await refused();
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(1);
  await refused();
  expect(reports).toHaveLength(2);
});

test('the disk of a folder has a size, and a folder that is not there has none', async () => {
  const full = new DiskSpace('/', (reason) => reports.push(reason));
  await expect(full.reserve(claim(Number.MAX_SAFE_INTEGER))).rejects.toThrow('nearly full');
  await full.reserve(claim(0)).catch(() => undefined);
  const none = new DiskSpace('/none', (reason) => reports.push(reason));
  await none.reserve(claim(Number.MAX_SAFE_INTEGER));
});
