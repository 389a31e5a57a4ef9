import { beforeEach, expect, it } from 'vitest';
import { Room } from '../../../functions/memory/room.ts';

let now: number;
let evictable: number;
let reports: string[];
let room: Room;

beforeEach(() => {
  now = 1000;
  evictable = 0;
  reports = [];
  room = new Room({
    capacity: 100,
    now: () => now,
    evictable: () => evictable,
    onFull: (reason) => reports.push(reason),
  });
});

/** Eviction that frees some bytes each time. */
function evictEach(bytes: number): { times: number } {
  const count = { times: 0 };
  evictable = 100;
  room.evict = async () => {
    count.times += 1;
    room.free(bytes);
  };
  return count;
}

it('is full at its capacity, and not before', async () => {
  await room.take(60);
  await room.take(40);
  await expect(room.take(1)).rejects.toThrow(
    'no room in memory for 0.0 MB more: the store is limited to 0.0 MB',
  );
  expect(room.taken).toBe(100);
  room.free(1);
  await room.take(1);
  expect(reports).toHaveLength(1);
});

it('evicts until the bytes fit, and no more', async () => {
  await room.take(90);
  const evictions = evictEach(10);
  await room.take(30);
  expect(evictions.times).toBe(2);
  expect(room.taken).toBe(100);
});

it('does not evict for bytes that fit', async () => {
  const evictions = evictEach(10);
  await room.take(100);
  expect(evictions.times).toBe(0);
});

it('gives up after three evictions, with nothing taken', async () => {
  await room.take(100);
  const evictions = evictEach(1);
  await expect(room.take(4)).rejects.toMatchObject({ name: 'MemoryFull' });
  expect(evictions.times).toBe(3);
  expect(room.taken).toBe(97);
  await room.take(3);
});

it('does not evict for what would not fit into an empty store either', async () => {
  await room.take(50);
  const evictions = evictEach(50);
  evictable = 40;
  await expect(room.take(91)).rejects.toThrow('no room');
  expect(evictions.times).toBe(0);
  expect(room.taken).toBe(50);
});

it.each([
  [59_999, 1],
  [60_000, 2],
  [-60_000, 2],
])('reports again after %s ms: %s reports', async (passed, count) => {
  await expect(room.take(101)).rejects.toThrow('raise limits.storeBytes');
  now += passed;
  await expect(room.take(101)).rejects.toThrow('raise limits.storeBytes');
  expect(reports).toHaveLength(count);
});

it('follows a change of its capacity', async () => {
  room.capacity = 5_000_000;
  await expect(room.take(6_000_000)).rejects.toThrow(
    'no room in memory for 6.0 MB more: the store is limited to 5.0 MB',
  );
});
