import { beforeEach, describe, expect, test } from 'vitest';
import { readProgress } from '../../../../../functions/core/bucket/progress.ts';
import { Deadline } from '../../../../../functions/core/bucket/put/deadline.ts';
import { WrongSize } from '../../../../../functions/core/bucket/put/part-reader.ts';
import { putInParts } from '../../../../../functions/core/bucket/put/parts.ts';
import type { PutJob, PutTarget } from '../../../../../functions/core/bucket/put/target.ts';
import type { PutOutcome } from '../../../../../functions/core/ports/blob-store.ts';
import { sourceOf } from '../../../../contract/fed-source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';
import { PutTargetInMemory } from './put-target.ts';

const bytes = Uint8Array.from({ length: 10 }, (_, at) => at);
const digest = madeDigest(bytes);
const size = bytes.byteLength;
const stored = { kind: 'stored', size };

let bucket: PutTargetInMemory;

beforeEach(() => {
  bucket = new PutTargetInMemory();
});

function jobOf(changes: Partial<PutJob> = {}): PutJob {
  const { signal } = new AbortController();
  return {
    key: 'key',
    wanted: { digest, size },
    source: sourceOf(bytes),
    progress: undefined,
    signal,
    deadline: new Deadline(undefined, Date.now, signal),
    ...changes,
  };
}

function put(changes: Partial<PutJob> = {}, target = bucket.target()): Promise<PutOutcome> {
  return putInParts(jobOf(changes), target, true);
}

/** The bucket of R2 lists no parts. */
function withoutList(): PutTarget {
  const { listParts, ...rest } = bucket.target().bucket;
  expect(listParts).toBeDefined();
  return bucket.target({ bucket: rest });
}

/** The progress of a put that paused after some parts. */
async function pausedAfter(parts: number, target = bucket.target()) {
  bucket.pauseAfter = parts;
  const outcome = await put({}, target);
  if (outcome.kind !== 'paused') throw new Error('it was to be paused');
  bucket.pauseAfter = Number.POSITIVE_INFINITY;
  bucket.calls.length = 0;
  return readProgress(outcome.progress);
}

test('parts are completed if the digest is right', async () => {
  expect(await put()).toEqual(stored);
  expect(bucket.calls).toEqual(['create', 'complete 3']);
});

test('a blob of unknown size is as long as its parts', async () => {
  expect(await put({ wanted: { digest, size: undefined } })).toEqual(stored);
});

test('a wrong digest is a mismatch, and leaves no upload', async () => {
  const wanted = { digest: madeDigest('other'), size };
  expect(await put({ wanted })).toMatchObject({ kind: 'mismatch' });
  expect(bucket.calls).toEqual(['create', 'abort']);
});

describe('publishing', () => {
  test('second is success, and leaves no upload', async () => {
    bucket.published = { kind: 'there-already' };
    expect(await put()).toEqual(stored);
    expect(bucket.calls).toEqual(['create', 'complete 3', 'abort']);
  });

  test('an upload that is gone is success if the object is there', async () => {
    bucket.published = { kind: 'upload-gone' };
    bucket.object = size;
    expect(await put()).toEqual(stored);
    expect(bucket.calls).toEqual(['create', 'complete 3', 'head']);
  });

  test('an upload that is gone without an object is a failure', async () => {
    bucket.published = { kind: 'upload-gone' };
    await expect(put()).rejects.toThrow('upload-gone');
    expect(bucket.calls).toEqual(['create', 'complete 3', 'head', 'abort']);
  });

  test('a conflict is a failure, whatever is there', async () => {
    bucket.published = { kind: 'conflict' };
    bucket.object = size;
    await expect(put()).rejects.toThrow('ConditionalRequestConflict');
    expect(bucket.calls).toEqual(['create', 'complete 3', 'abort']);
  });
});

describe('a pause', () => {
  test('keeps the upload, its parts and its hash', async () => {
    const progress = await pausedAfter(2);
    expect(progress).toMatchObject({ stalls: 0, upload: { id: 'upload-1', parts: 2 } });
    expect(progress?.upload?.etags).toBeUndefined();
    expect(bucket.uploads.get('upload-1')).toHaveLength(2);
    expect(await put({ progress })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'complete 3']);
  });

  test('keeps the ETags where parts cannot be listed', async () => {
    const progress = await pausedAfter(2, withoutList());
    expect(progress?.upload?.etags).toEqual(['etag-1', 'etag-2']);
    expect(await put({ progress }, withoutList())).toEqual(stored);
    expect(bucket.calls).toEqual(['complete 3']);
  });

  test('before the first part keeps nothing, and counts', async () => {
    const progress = await pausedAfter(0);
    expect(progress).toEqual({ stalls: 1, upload: undefined });
    expect(bucket.uploads.size).toBe(0);
  });

  test('without a new part counts, and keeps the upload', async () => {
    const first = await pausedAfter(1);
    bucket.pauseAfter = 0;
    const second = await put({ progress: first && { ...first, stalls: 1 } });
    expect(second.kind === 'paused' && readProgress(second.progress)).toMatchObject({
      stalls: 2,
      upload: { id: 'upload-1', parts: 1 },
    });
    expect(bucket.uploads.size).toBe(1);
  });

  test('with a hash that cannot be saved keeps nothing', async () => {
    bucket.pauseAfter = 1;
    expect(await putInParts(jobOf(), bucket.target(), false)).toMatchObject({ kind: 'paused' });
    const wanted = { digest: madeDigest(bytes, 'sha512'), size };
    const outcome = await put({ wanted });
    expect(outcome.kind === 'paused' && readProgress(outcome.progress)).toEqual({
      stalls: 1,
      upload: undefined,
    });
    expect(bucket.uploads.size).toBe(0);
  });

  test('whose ETags are too long for a queue is a failure', async () => {
    bucket.etag = () => 'e'.repeat(30_000);
    bucket.pauseAfter = 2;
    await expect(put({}, withoutList())).rejects.toThrow('too long');
    expect(bucket.uploads.size).toBe(0);
    bucket.etag = () => 'e'.repeat(20_000);
    expect(await put({}, withoutList())).toMatchObject({ kind: 'paused' });
  });
});

test('a SHA-512 is right or wrong too', async () => {
  const wanted = { digest: madeDigest(bytes, 'sha512'), size };
  expect(await put({ wanted })).toEqual(stored);
});

describe('a put that resumes', () => {
  test('begins again if the upload is gone', async () => {
    const progress = await pausedAfter(2);
    bucket.uploads.clear();
    expect(await put({ progress })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'create', 'complete 3']);
  });

  test.each([
    ['is lacking', (): unknown => bucket.uploads.get('upload-1')?.pop()],
    ['in between is lacking', () => bucket.uploads.get('upload-1')?.splice(1, 1)],
    [
      'has another size',
      () =>
        bucket.uploads
          .get('upload-1')
          ?.splice(0, 1, { number: 1, size: 3, etag: 'etag', crc32: undefined }),
    ],
  ])('begins again, and ends the upload, if a part of it %s', async (_, damage) => {
    const progress = await pausedAfter(2);
    damage();
    expect(await put({ progress })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'abort', 'create', 'complete 3']);
  });

  test('begins again if its hash cannot be read', async () => {
    const progress = await pausedAfter(2);
    const upload = progress?.upload && { ...progress.upload, hash: 'none' };
    expect(await put({ progress: { stalls: 0, upload } })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'abort', 'create', 'complete 3']);
  });

  test('does not use parts that the hash does not have', async () => {
    const progress = await pausedAfter(1);
    bucket.uploads.get('upload-1')?.push({ number: 2, size: 4, etag: 'late', crc32: undefined });
    expect(await put({ progress })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'complete 3']);
  });

  test('and that fails keeps the upload for the next one', async () => {
    const progress = await pausedAfter(2);
    bucket.failure = new Error('the upstream is gone');
    await expect(put({ progress })).rejects.toBe(bucket.failure);
    expect(bucket.calls).toEqual(['list']);
    expect(bucket.uploads.size).toBe(1);
  });

  test('and is aborted ends the upload', async () => {
    const progress = await pausedAfter(2);
    bucket.failure = new Error('stopped');
    const signal = AbortSignal.abort(bucket.failure);
    await expect(put({ progress, signal })).rejects.toBe(bucket.failure);
    expect(bucket.uploads.size).toBe(0);
  });

  test('and gets another size ends the upload', async () => {
    const progress = await pausedAfter(2);
    await expect(put({ progress, source: sourceOf(bytes.subarray(0, 9)) })).rejects.toThrow(
      WrongSize,
    );
    expect(bucket.uploads.size).toBe(0);
  });

  test('and finds its upload gone at its end begins again', async () => {
    const progress = await pausedAfter(2);
    const target = bucket.target();
    const sendParts: PutTarget['sendParts'] = async (job) => {
      if (job.upload.id === 'upload-1') bucket.uploads.delete('upload-1');
      return target.sendParts(job);
    };
    bucket.uploads.set('other', []);
    expect(await put({ progress }, { ...target, sendParts })).toEqual(stored);
    expect(bucket.calls).toEqual(['list', 'create', 'complete 3']);
  });
});

test('a first put that fails leaves no upload', async () => {
  bucket.failure = new Error('the upstream is gone');
  await expect(put()).rejects.toBe(bucket.failure);
  expect(bucket.uploads.size).toBe(0);
});
