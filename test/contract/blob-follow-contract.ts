import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ByteRange } from '../../functions/core/headers/range.ts';
import type { BlobPut, BlobStore } from '../../functions/core/ports/blob-store.ts';
import { bytesOf, FedSource, nextBytes, sourceOf } from './fed-source.ts';
import { madeDigest } from './made-content.ts';

const content = new Uint8Array(randomBytes(500_000));
const digest = madeDigest(content);
const size = content.byteLength;
const wanted = { digest, size };

function follow(put: BlobPut, range?: ByteRange): ReadableStream<Uint8Array> {
  if (put.follow === undefined) throw new Error('this store was said to have follow');
  return put.follow(range);
}

/** What followers of a put that stores nothing are told. */
const wrongBytes = /wrong bytes|ENOENT/;

/** Executes what the contract says of `BlobPut.follow`. `storeOf` gives each test its store. */
export function describeFollowContract(storeOf: () => BlobStore): void {
  test('followers read what arrived while the source still waits', async () => {
    const source = new FedSource();
    const put = storeOf().put(wanted, source);
    const readers = [1, 2, 3].map(() => follow(put).getReader());
    source.push(content.subarray(0, 100_000));
    for (const reader of readers) {
      const first = await nextBytes(reader, 90_000);
      expect(Buffer.compare(first, content.subarray(0, first.byteLength))).toBe(0);
    }
    expect(put.arrived?.()).toBeGreaterThanOrEqual(90_000);
    source.push(content.subarray(100_000)).end();
    for (const reader of readers) {
      const rest = await nextBytes(reader, size);
      expect(Buffer.compare(rest, content.subarray(size - rest.byteLength))).toBe(0);
    }
    expect((await put.done).kind).toBe('stored');
  });

  test('a put has begun when it has bytes to follow', async () => {
    const source = new FedSource();
    const put = storeOf().put(wanted, source);
    let hasBegun = false;
    void put.begun?.then(() => {
      hasBegun = true;
    });
    await source.begun;
    expect(hasBegun).toBe(false);
    source.push(content.subarray(0, 100_000));
    await put.begun;
    expect(put.arrived?.()).toBeGreaterThan(0);
    source.push(content.subarray(100_000)).end();
    expect((await put.done).kind).toBe('stored');
  });

  test('the last bytes come only once all are verified', async () => {
    const source = new FedSource();
    const put = storeOf().put(wanted, source);
    const reader = follow(put).getReader();
    source.push(content);
    let received = 0;
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        received += value.byteLength;
      }
    })();
    while ((put.arrived?.() ?? 0) < size - 1) await new Promise((wake) => setImmediate(wake));
    for (let turn = 0; turn < 50; turn++) await new Promise((wake) => setImmediate(wake));
    expect(received).toBeLessThan(size);
    source.end();
    await reading;
    expect(received).toBe(size);
  });

  test.each([
    ['of stated size', size],
    ['of unknown size', undefined],
  ])('a follower of wrong bytes %s never sees a clean end', async (_, stated) => {
    const wrong = content.slice();
    wrong[5] = (wrong[5] ?? 0) ^ 1;
    const put = storeOf().put({ digest, size: stated }, sourceOf(wrong));
    const bodies = [follow(put), follow(put, { start: size - 10, end: size - 1 })];
    for (const body of bodies) await expect(bytesOf(body)).rejects.toThrow(wrongBytes);
    expect((await put.done).kind).toBe('mismatch');
    await expect(bytesOf(follow(put))).rejects.toThrow(wrongBytes);
  });

  test('a follower of too few or too many bytes never sees a clean end', async () => {
    for (const stated of [size + 1, size - 1]) {
      const put = storeOf().put({ digest, size: stated }, sourceOf(content));
      await expect(bytesOf(follow(put))).rejects.toThrow(wrongBytes);
      expect((await put.done).kind).toBe('mismatch');
    }
  });

  test('a source that gives up, and an abort, reach the followers', async () => {
    const source = new FedSource();
    const broken = storeOf().put(wanted, source);
    const body = bytesOf(follow(broken));
    source.push(content.subarray(0, 200_000)).fail(new Error('gone'));
    await expect(body).rejects.toThrow('gone');
    await expect(broken.done).rejects.toThrow('gone');

    const abort = new AbortController();
    const aborted = storeOf().put(wanted, new FedSource().push(content), { signal: abort.signal });
    const waiting = bytesOf(follow(aborted));
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(aborted.done).rejects.toThrow('stopped');
  });

  test('a follower that reads nothing does not hold up the put', async () => {
    const large = new Uint8Array(randomBytes(12_000_000));
    const put = storeOf().put(
      { digest: madeDigest(large), size: large.byteLength },
      sourceOf(large),
    );
    const sleeping = follow(put);
    expect((await put.done).kind).toBe('stored');
    expect(madeDigest(await bytesOf(sleeping))).toBe(madeDigest(large));
  });

  test('a follower that cancels stops nothing', async () => {
    const source = new FedSource();
    const put = storeOf().put(wanted, source);
    const leaving = [follow(put), follow(put), follow(put)];
    const staying = bytesOf(follow(put));
    await leaving[0]?.cancel();
    source.push(content.subarray(0, 100_000));
    const reader = leaving[1]?.getReader();
    await reader?.read();
    await reader?.cancel();
    source.push(content.subarray(100_000)).end();
    expect(madeDigest(await staying)).toBe(digest);
    expect((await put.done).kind).toBe('stored');
    await leaving[2]?.cancel();
  });

  test('a part that lies before the end is read as soon as it is there', async () => {
    const source = new FedSource();
    const put = storeOf().put(wanted, source);
    source.push(content.subarray(0, 100_000));
    const part = await bytesOf(follow(put, { start: 1_000, end: 50_999 }));
    expect(Buffer.compare(part, content.subarray(1_000, 51_000))).toBe(0);
    source.push(content.subarray(100_000)).end();
    const tail = await bytesOf(follow(put, { start: 400_000, end: size - 1 }));
    expect(Buffer.compare(tail, content.subarray(400_000))).toBe(0);
    await put.done;
  });

  test('following goes on after the put is over, and works for a stored blob', async () => {
    const put = storeOf().put(wanted, sourceOf(content));
    await put.done;
    expect(madeDigest(await bytesOf(follow(put)))).toBe(digest);
    const part = await bytesOf(follow(put, { start: 10, end: 19 }));
    expect(Buffer.compare(part, content.subarray(10, 20))).toBe(0);
    const again = storeOf().put(wanted, new FedSource());
    expect(madeDigest(await bytesOf(follow(again)))).toBe(digest);
    expect(again.arrived?.()).toBe(size);
  });

  test('a blob of no bytes, and one of unknown size', async () => {
    const empty = new Uint8Array();
    const nothing = storeOf().put({ digest: madeDigest(empty), size: 0 }, sourceOf(empty));
    expect(await bytesOf(follow(nothing))).toHaveLength(0);
    const unknown = storeOf().put({ digest, size: undefined }, sourceOf(content));
    expect(madeDigest(await bytesOf(follow(unknown)))).toBe(digest);
    await Promise.all([nothing.done, unknown.done]);
  });

  test('a hundred followers get the same bytes', async () => {
    const put = storeOf().put(wanted, sourceOf(content));
    const bodies = Array.from({ length: 100 }, () => bytesOf(follow(put)));
    for (const bytes of await Promise.all(bodies)) expect(madeDigest(bytes)).toBe(digest);
    await put.done;
  });
}
