import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ByteRange } from '../../../../functions/core/headers/range.ts';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import { FileBlobStore } from '../../../../functions/local/files/blob-store.ts';
import { fileBody } from '../../../../functions/local/files/file-body.ts';
import { OpenFile } from '../../../../functions/local/files/open-file.ts';
import { wholeExtent } from '../../../../functions/memory/extent.ts';
import { type NodeBody, nodeBodyOf } from '../../../../functions/node/http/write-answer.ts';
import { FedSource, sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';

let folder: string;
let store: FileBlobStore;
const content = new Uint8Array(randomBytes(5_000_000));
const digest = madeDigest(content);
const wanted = { digest, size: content.byteLength };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-body-'));
  store = await FileBlobStore.open(folder, { now: Date.now });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function located(what: Digest, range?: ByteRange): Promise<NodeBody> {
  const location = await store.locate(what, range);
  return short(location?.kind === 'stream' ? location.body : undefined);
}

function short(stream: ReadableStream<Uint8Array> | Uint8Array | undefined): NodeBody {
  const body = stream instanceof ReadableStream ? nodeBodyOf(stream) : undefined;
  if (body === undefined) throw new Error('a stream of this store has a short way');
  return body;
}

/** How many descriptors of this process are open on the store's files; 0 where no /proc tells. */
async function openFiles(): Promise<number> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(folder)).length;
}

async function expectNoOpenFiles(): Promise<void> {
  while ((await openFiles()) > 0) await new Promise((resolve) => setImmediate(resolve));
}

/** A sink that keeps what it gets, and takes each write only after `delay` turns. */
function collector(delay = 0): { sink: Writable; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      const take = (turns: number) => {
        if (turns > 0) return void setImmediate(() => take(turns - 1));
        // Copied only now: a buffer that was used again too early shows as wrong bytes.
        chunks.push(Buffer.from(chunk));
        done();
      };
      take(delay);
    },
  });
  return { sink, bytes: () => Buffer.concat(chunks) };
}

test.each([
  ['whole', undefined],
  ['a range', { start: 1_000_001, end: 3_999_998 }],
])('%s: the short way writes the same bytes, and the file is closed', async (_, range) => {
  await store.put(wanted, sourceOf(content)).done;
  const { sink, bytes } = collector();
  await (await located(digest, range)).writeTo(sink);
  const expected = range ? content.subarray(range.start, range.end + 1) : content;
  expect(Buffer.compare(bytes(), expected)).toBe(0);
  expect(sink.writableEnded).toBe(false);
  await expectNoOpenFiles();
});

test('no buffer is used again before its reader took it', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const readers = Array.from({ length: 40 }, (_, index) => collector(index % 7));
  await Promise.all(readers.map(async ({ sink }) => (await located(digest)).writeTo(sink)));
  for (const { bytes } of readers) expect(madeDigest(bytes())).toBe(digest);
});

test('a buffer that a client left behind is not used again: it may be on its way', async () => {
  await store.put(wanted, sourceOf(content)).done;
  let left: Buffer | undefined;
  const sink = new Writable({
    write(chunk: Buffer) {
      left = chunk;
      setImmediate(() => sink.destroy());
    },
  });
  await expect((await located(digest)).writeTo(sink)).rejects.toThrow('the client left');
  const range = { start: 1_000_001, end: content.byteLength - 1 };
  for (let readers = 0; readers < 3; readers++) {
    await (await located(digest, range)).writeTo(collector().sink);
  }
  const first = content.subarray(0, left?.byteLength);
  expect(Buffer.compare(left ?? Buffer.alloc(0), first)).toBe(0);
});

test('a follower by the short way gets the bytes of a growing file', async () => {
  const source = new FedSource();
  const put = store.put(wanted, source);
  const readers = [collector(), collector(3)];
  const written = readers.map(({ sink }) => short(put.follow?.()).writeTo(sink));
  for (let at = 0; at < content.byteLength; at += 333_333) {
    source.push(content.subarray(at, at + 333_333));
    await new Promise((resolve) => setImmediate(resolve));
  }
  source.end();
  await Promise.all(written);
  for (const { bytes } of readers) expect(madeDigest(bytes())).toBe(digest);
  await put.done;
  await expectNoOpenFiles();
});

test('a follower of wrong bytes rejects without the last of them', async () => {
  const wrong = content.slice();
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  const put = store.put(wanted, sourceOf(wrong));
  const { sink, bytes } = collector();
  await expect(short(put.follow?.()).writeTo(sink)).rejects.toThrow('wrong');
  expect(bytes().byteLength).toBeLessThan(content.byteLength);
  await put.done;
  await expectNoOpenFiles();
});

test('a sink that closes ends the writing, also one that waits for bytes', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const stuck = new PassThrough({ highWaterMark: 1 });
  const writing = (await located(digest)).writeTo(stuck);
  stuck.destroy();
  await expect(writing).rejects.toThrow();

  const other = new Uint8Array([1, 2, 3]);
  const source = new FedSource();
  const put = store.put({ digest: madeDigest(other), size: 3 }, source);
  const waiting = new PassThrough();
  const following = short(put.follow?.()).writeTo(waiting);
  await source.begun;
  waiting.destroy();
  await expect(following).rejects.toThrow();
  source.push(other).end();
  expect((await put.done).kind).toBe('stored');
  await expectNoOpenFiles();
});

test('a sink that is closed already, or a signal, ends a wait for the first bytes', async () => {
  const source = new FedSource();
  const put = store.put({ digest, size: content.byteLength }, source);
  await source.begun;
  const closed = new PassThrough().destroy();
  await once(closed, 'close');
  await expect(short(put.follow?.()).writeTo(closed)).rejects.toThrow('the client left');
  const stopped = AbortSignal.abort(new Error('shutting down'));
  const aborted = short(put.follow?.()).writeTo(new PassThrough(), stopped);
  await expect(aborted).rejects.toThrow('shutting down');
  source.push(content).end();
  await put.done;
  await expectNoOpenFiles();
});

test('a sink that fails, a sink that is closed already, and an abort reject', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no room')) });
  failing.on('error', () => undefined);
  await expect((await located(digest)).writeTo(failing)).rejects.toThrow('no room');
  const closed = new PassThrough().destroy();
  await once(closed, 'close');
  await expect((await located(digest)).writeTo(closed)).rejects.toThrow();
  const abort = new AbortController();
  const aborted = (await located(digest)).writeTo(new PassThrough(), abort.signal);
  abort.abort(new Error('shutting down'));
  await expect(aborted).rejects.toThrow('shutting down');
  await expectNoOpenFiles();
});

test('buffers are given back: after many readers they are as large as at first', async () => {
  await store.put(wanted, sourceOf(content)).done;
  for (let leaving = 0; leaving < 40; leaving++) {
    // It never takes its first buffer, and goes away when the next was read ahead.
    const sink = new Writable({ write: () => void setTimeout(() => sink.destroy(), 5) });
    await (await located(digest)).writeTo(sink).catch(() => undefined);
  }
  for (let reader = 0; reader < 20; reader++) {
    const sizes: number[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => {
        sizes.push(chunk.byteLength);
        done();
      },
    });
    await (await located(digest)).writeTo(sink);
    expect(sizes[0]).toBe(1024 * 1024);
  }
});

test('hundreds of readers that stop reading hold little memory', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const before = process.memoryUsage().arrayBuffers;
  let stuck = 0;
  const sinks = Array.from({ length: 600 }, () => new Writable({ write: () => void stuck++ }));
  const writing = sinks.map(async (sink) => (await located(digest)).writeTo(sink));
  const ended = Promise.allSettled(writing);
  while (stuck < sinks.length) await new Promise((resolve) => setImmediate(resolve));
  // Those that read ahead do so now.
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  const held = process.memoryUsage().arrayBuffers - before;
  expect(held / 1_000_000).toBeLessThan(90);
  for (const sink of sinks) sink.destroy();
  expect((await ended).every((outcome) => outcome.status === 'rejected')).toBe(true);
  await expectNoOpenFiles();
});

test('a file that is shorter than its blob is an error, and not a clean end', async () => {
  const path = join(folder, 'short');
  await writeFile(path, content.subarray(0, 10));
  const body = () => fileBody(OpenFile.read(path), wholeExtent(20), undefined);
  await expect(short(body()).writeTo(collector().sink)).rejects.toThrow('shorter than before');
  const reader = body().getReader();
  expect((await reader.read()).value).toHaveLength(10);
  await expect(reader.read()).rejects.toThrow('shorter than before');
  await expectNoOpenFiles();
});

test('streams of elsewhere have no short way', () => {
  expect(nodeBodyOf(new ReadableStream())).toBeUndefined();
});
