import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestOfMade, madeSource } from '../../../standins/workerd/made-source.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const mebibyte = 1024 * 1024;
const { blobs } = sharedWorkerd({ bytesPerPut: 30 * mebibyte });

test('150 MB over several invocations, none of which does more than it may', {
  timeout: 180_000,
}, async () => {
  const size = 150_000_001;
  const digest = digestOfMade(size);
  const source = madeSource(size);
  // A put before this one did not end in time: from now on the hash can be gone on from.
  let progress = '{"kind":"barren"}';
  let puts = 0;
  for (; puts < 10; puts++) {
    // Each in an instance that knows nothing, as an invocation in another isolate does.
    const pauseAt = Date.now() + 600_000;
    const outcome = await blobs().put({ digest, size }, source, { progress, pauseAt }).done;
    if (outcome.kind !== 'paused') {
      expect(outcome).toEqual({ kind: 'stored', size });
      break;
    }
    progress = outcome.progress;
    expect(progress.length).toBeLessThan(60_000);
    expect(await blobs().stat(digest)).toBeUndefined();
    expect(await blobs().locate(digest)).toBeUndefined();
  }
  // Whole parts of 8 MiB, and no byte twice.
  expect(source.starts).toEqual([0, 32, 64, 96, 128].map((start) => start * mebibyte));
  expect(await blobs().usedBytes()).toBe(size);
  const location = await blobs().locate(digest);
  if (location?.kind !== 'stream' || !(location.body instanceof ReadableStream)) {
    throw new Error('it is streamed');
  }
  const hash = createHash('sha256');
  for await (const bytes of location.body) hash.update(bytes);
  expect(`sha256:${hash.digest('hex')}`).toBe(digest);
});

test('a blob of unknown size pauses and is gone on with as well', async () => {
  const size = 35 * mebibyte + 1;
  const digest = digestOfMade(size);
  const source = madeSource(size);
  const pauseAt = Date.now() + 600_000;
  const wanted = { digest, size: undefined };
  const paused = await blobs().put(wanted, source, { pauseAt }).done;
  if (paused.kind !== 'paused') throw new Error('it was to be paused');
  const { progress } = paused;
  const ended = await blobs().put(wanted, source, { pauseAt, progress }).done;
  expect(ended).toEqual({ kind: 'stored', size });
  expect(source.starts).toEqual([0, 32 * mebibyte]);
});

test('a put that may not pause ends, however large it is', async () => {
  const size = 35 * mebibyte;
  const digest = digestOfMade(size);
  const { done } = blobs().put({ digest, size }, madeSource(size));
  expect(await done).toEqual({ kind: 'stored', size });
});
