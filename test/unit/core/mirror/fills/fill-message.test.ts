import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fillText,
  groupsOf,
  groupText,
  readFillText,
} from '../../../../../functions/aws/sqs/message-text.ts';
import type { FillJob } from '../../../../../functions/core/ports/fill-queue.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const job: FillJob = {
  repository: { registry: 'docker.io', name: 'library/alpine' },
  blob: { digest: madeDigest('blob'), size: 0, mediaType: 'application/octet-stream' },
  manifest: madeDigest('manifest', 'sha512'),
  progress: '{"upload":"x"}',
  fence: 1_790_000_000_001,
};

test('a fill is read as it was written', () => {
  expect(readFillText(fillText(job))).toEqual({ kind: 'jobs', jobs: [job] });
  const { repository, blob } = job;
  expect(readFillText(fillText({ repository, blob }))).toEqual({
    kind: 'jobs',
    jobs: [{ repository, blob }],
  });
});

test('a message of an older version, without a fence, is read', () => {
  const { fence: _, ...older } = job;
  expect(readFillText(JSON.stringify({ version: 1, ...older }))).toEqual({
    kind: 'jobs',
    jobs: [older],
  });
});

test('with any media type, the message is ASCII and is read back', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anyText, anyText, (mediaType, progress) => {
      const body = fillText({ ...job, blob: { ...job.blob, mediaType }, progress });
      expect(body).toMatch(/^[ -~]*$/);
      const blob = { ...job.blob, mediaType: mediaType.slice(0, 255) };
      expect(readFillText(body)).toEqual({ kind: 'jobs', jobs: [{ ...job, blob, progress }] });
    }),
  );
});

describe('the blobs of a manifest', () => {
  const { repository, manifest } = job;
  const jobOf = (name: string, size = 1, more: Partial<FillJob> = {}): FillJob => ({
    repository,
    blob: { digest: madeDigest(name), size, mediaType: 'layer' },
    manifest,
    ...more,
  });

  test('share a message, and are read as they were', () => {
    const jobs = [jobOf('a'), jobOf('b'), jobOf('c', 3)];
    const [group, ...others] = groupsOf(jobs);
    expect(others).toEqual([]);
    expect(readFillText(groupText(group ?? [job]))).toEqual({ kind: 'jobs', jobs });
  });

  test('are at most ten, and 128 MiB together', () => {
    const sizes = (jobs: FillJob[]) =>
      groupsOf(jobs).map((group) => group.map(({ blob }) => blob.size));
    const mebibyte = 1024 * 1024;
    const large = [jobOf('a', 100 * mebibyte), jobOf('b', 900 * mebibyte)];
    expect(sizes([...large, jobOf('c', 28 * mebibyte), jobOf('d', mebibyte)])).toEqual([
      [100 * mebibyte, 28 * mebibyte],
      [900 * mebibyte],
      [mebibyte],
    ]);
    const many = Array.from({ length: 21 }, (_, at) => jobOf(`${at}`));
    expect(groupsOf(many).map(({ length }) => length)).toEqual([10, 10, 1]);
  });

  test.each([
    ['of another manifest', { manifest: madeDigest('other') }],
    ['of another repository', { repository: { registry: 'ghcr.io', name: 'a' } }],
    ['of no manifest', { manifest: undefined }],
    ['of a paused fill', { progress: 'x' }],
    ['of a fill that left its message', { deliveries: 1 }],
  ])('do not share it with one %s', (_, more) => {
    expect(groupsOf([jobOf('a'), jobOf('b', 1, more)])).toHaveLength(2);
  });
});

describe('an invalid message', () => {
  const message = JSON.parse(fillText(job));
  test.each([
    ['no JSON', 'x', 'not a JSON object'],
    ['an array', '[]', 'not a JSON object'],
    ['a later version', { ...message, version: 3 }, 'version'],
    ['a group without blobs', { ...message, version: 2 }, 'blobs'],
    ['an empty group', { ...message, version: 2, blobs: [] }, 'blobs'],
    ['a bad blob in a group', { ...message, version: 2, blobs: [message.blob, 1] }, 'digest'],
    ['a large group', { ...message, version: 2, blobs: Array(11).fill(message.blob) }, 'blobs'],
    ['no repository', { ...message, repository: undefined }, 'registry'],
    ['an address', { ...message, repository: { registry: 'a/b', name: 'x' } }, 'registry'],
    ['a path', { ...message, repository: { registry: 'a', name: '../x' } }, 'name'],
    ['no blob', { ...message, blob: null }, 'digest'],
    ['a bad digest', { ...message, blob: { ...message.blob, digest: 'sha256:X' } }, 'digest'],
    ['a negative size', { ...message, blob: { ...message.blob, size: -1 } }, 'size'],
    ['a size of text', { ...message, blob: { ...message.blob, size: '1' } }, 'size'],
    ['no media type', { ...message, blob: { ...message.blob, mediaType: 7 } }, 'media type'],
    ['a bad manifest', { ...message, manifest: 'latest' }, 'manifest'],
    ['a fence of text', { ...message, fence: '1' }, 'fence'],
    ['half a fence', { ...message, fence: 0.5 }, 'fence'],
    ['endless progress', { ...message, progress: 'x'.repeat(70_000) }, 'progress'],
  ])('%s', (_, value, reason) => {
    const read = readFillText(typeof value === 'string' ? value : JSON.stringify(value));
    expect(read).toEqual({ kind: 'bad', reason: expect.stringContaining(reason) });
  });

  test('reading never throws', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readFillText(text).kind).toBe('bad');
      }),
    );
  });
});
