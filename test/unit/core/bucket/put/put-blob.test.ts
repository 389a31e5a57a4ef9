import { beforeEach, describe, expect, test } from 'vitest';
import { readProgress } from '../../../../../functions/core/bucket/progress.ts';
import { putBlob } from '../../../../../functions/core/bucket/put/put-blob.ts';
import type { PutRequest } from '../../../../../functions/core/bucket/put-request.ts';
import { FedSource, sourceOf } from '../../../../contract/fed-source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';
import { PutTargetInMemory } from './put-target.ts';

const small = Uint8Array.from({ length: 4 }, (_, at) => at);
const large = Uint8Array.from({ length: 5 }, (_, at) => at);
const now = () => 0;

let bucket: PutTargetInMemory;

beforeEach(() => {
  bucket = new PutTargetInMemory();
});

function requestOf(bytes: Uint8Array, changes: Partial<PutRequest> = {}): PutRequest {
  return {
    key: 'key',
    wanted: { digest: madeDigest(bytes), size: bytes.byteLength },
    source: sourceOf(bytes),
    progress: undefined,
    signal: new AbortController().signal,
    pauseAt: undefined,
    ...changes,
  };
}

/** A target that streams. */
const streaming = (streams = true) =>
  bucket.target({
    stream: async (_, size) => {
      bucket.calls.push('stream');
      return streams ? { kind: 'stored', size } : undefined;
    },
  });

describe('a small blob', () => {
  test.each(['published', 'there-already'] as const)('is put at once: %s', async (kind) => {
    bucket.published = { kind };
    const outcome = await putBlob(requestOf(small), streaming(), now);
    expect(outcome).toEqual({ kind: 'stored', size: 4 });
    const sha256 = madeDigest(small).slice('sha256:'.length);
    expect(bucket.calls).toEqual([`put 4 4 ${sha256.slice(0, 8)}`]);
    expect(bucket.held).toBe(0);
  });

  test('with another digest is announced by its SHA-256', async () => {
    const wanted = { digest: madeDigest(small, 'sha512'), size: 4 };
    await putBlob(requestOf(small, { wanted }), streaming(), now);
    const sha256 = madeDigest(small).slice('sha256:'.length);
    expect(bucket.calls).toEqual([`put 4 4 ${sha256.slice(0, 8)}`]);
  });

  test.each([
    ['the digest', { digest: madeDigest('other'), size: 4 }],
    ['the size', { digest: madeDigest(small), size: 3 }],
  ])('is not put if %s is wrong', async (_, wanted) => {
    const outcome = await putBlob(requestOf(small, { wanted }), streaming(), now);
    expect(outcome.kind).toBe('mismatch');
    expect([bucket.calls, bucket.held]).toEqual([[], 0]);
  });

  test('that the bucket refuses is a failure', async () => {
    bucket.published = { kind: 'conflict' };
    await expect(putBlob(requestOf(small), streaming(), now)).rejects.toThrow('Conflict');
    expect(bucket.held).toBe(0);
  });

  test('that does not arrive in time pauses, and keeps its upload', async () => {
    const source = new FedSource();
    const upload = { id: 'one', parts: 1, etags: undefined, hash: 'hash' };
    const request = requestOf(small, { source, pauseAt: 1, progress: { stalls: 1, upload } });
    const outcome = await putBlob(request, streaming(), now);
    expect(outcome.kind === 'paused' && readProgress(outcome.progress)).toEqual({
      stalls: 2,
      upload,
    });
    await source.cancelled;
    expect([bucket.calls, bucket.held]).toEqual([[], 0]);
  });

  test('whose source fails is a failure, and the source is cancelled', async () => {
    const source = new FedSource();
    const failure = new Error('the upstream is gone');
    source.fail(failure);
    const request = requestOf(small, { source, pauseAt: 1000 });
    await expect(putBlob(request, streaming(), now)).rejects.toBe(failure);
    expect(bucket.held).toBe(0);
  });

  test('that is aborted is not paused', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    const request = requestOf(small, { signal, pauseAt: 1 });
    await expect(putBlob(request, streaming(), now)).rejects.toThrow('stopped');
  });
});

describe('a larger blob', () => {
  const inParts = ['create', 'complete 2'];

  test('is streamed', async () => {
    expect(await putBlob(requestOf(large), streaming(), now)).toEqual({ kind: 'stored', size: 5 });
    expect(bucket.calls).toEqual(['stream']);
  });

  test.each([
    ['whose stream broke off', requestOf(large), false],
    [
      'of unknown size',
      requestOf(large, { wanted: { digest: madeDigest(large), size: undefined } }),
      true,
    ],
    [
      'with a SHA-512',
      requestOf(large, { wanted: { digest: madeDigest(large, 'sha512'), size: 5 } }),
      true,
    ],
    ['that paused before', requestOf(large, { progress: { stalls: 0, upload: undefined } }), true],
    ['that may not be there in time', requestOf(large, { pauseAt: 5000 }), true],
  ])('%s is sent in parts', async (_, request, streams) => {
    const outcome = await putBlob(request, streaming(streams), now);
    expect(outcome).toEqual({ kind: 'stored', size: 5 });
    expect(bucket.calls.filter((call) => call !== 'stream')).toEqual(inParts);
    expect(bucket.calls.includes('stream')).toBe(!streams);
  });

  test('that is there in time is streamed', async () => {
    await putBlob(requestOf(large, { pauseAt: 5001 }), streaming(), now);
    expect(bucket.calls).toEqual(['stream']);
  });

  test('is sent in parts where nothing can be streamed', async () => {
    await putBlob(requestOf(large), bucket.target(), now);
    expect(bucket.calls).toEqual(inParts);
  });

  test.each([
    ['without a time limit', undefined, false],
    ['with one', 5000, true],
  ])('keeps its parts when it has to pause only %s', async (_, pauseAt, keeps) => {
    bucket.pauseAfter = 1;
    const outcome = await putBlob(requestOf(large, { pauseAt }), bucket.target(), now);
    const progress = outcome.kind === 'paused' ? readProgress(outcome.progress) : undefined;
    expect(progress?.upload !== undefined).toBe(keeps);
  });
});
