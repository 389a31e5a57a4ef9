import { expect, test } from 'vitest';
import {
  fillText,
  groupsOf,
  groupText,
  readFillText,
} from '../../../../functions/aws/sqs/message-text.ts';
import type { FillJob } from '../../../../functions/core/ports/fill-queue.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const manifest = madeDigest('manifest');
const mebibyte = 1024 * 1024;

const jobOf = (at: number, size: number, more: Partial<FillJob> = {}): FillJob => ({
  repository: { registry: 'docker.io', name: 'library/app' },
  blob: { digest: madeDigest(`blob ${at}`), size, mediaType: 'application/octet-stream' },
  manifest,
  ...more,
});
const sizes = (jobs: readonly FillJob[]) => groupsOf(jobs).map((group) => group.length);

test('the blobs of a manifest share a message up to 128 MiB', () => {
  expect(sizes([jobOf(0, 64 * mebibyte), jobOf(1, 64 * mebibyte), jobOf(2, 1)])).toEqual([2, 1]);
  expect(sizes([jobOf(0, 64 * mebibyte), jobOf(1, 64 * mebibyte + 1)])).toEqual([1, 1]);
});

test('a small blob joins the first group with space, after a larger one', () => {
  const jobs = [jobOf(0, 100 * mebibyte), jobOf(1, 100 * mebibyte), jobOf(2, 1), jobOf(3, 1)];
  const groups = groupsOf(jobs);
  expect(groups.map((group) => group.map(({ blob }) => blob.size))).toEqual([
    [100 * mebibyte, 1, 1],
    [100 * mebibyte],
  ]);
});

test.each<[string, Partial<FillJob>]>([
  ['without a manifest', { manifest: undefined }],
  ['with progress', { progress: 'half' }],
  ['with a fence', { fence: 1 }],
  ['that was delivered in another message', { deliveries: 1 }],
])('a job %s has a message of its own', (_, more) => {
  expect(sizes([jobOf(0, 1, more), jobOf(1, 1, more), jobOf(2, 1)])).toEqual([1, 1, 1]);
});

test.each<[string, Partial<FillJob>]>([
  ['another manifest', { manifest: madeDigest('another') }],
  ['another repository', { repository: { registry: 'docker.io', name: 'library/other' } }],
  ['other deferrals', { deferrals: 1 }],
])('jobs of %s do not share a message', (_, more) => {
  expect(sizes([jobOf(0, 1), jobOf(1, 1, more)])).toEqual([1, 1]);
});

test('jobs that were never deferred share one, whether they say so or not', () => {
  expect(sizes([jobOf(0, 1), jobOf(1, 1, { deferrals: 0 })])).toEqual([2]);
});

test('a message holds at most ten jobs', () => {
  const jobs = Array.from({ length: 25 }, (_, at) => jobOf(at, 1));
  expect(sizes(jobs)).toEqual([10, 10, 5]);
});

test('what is written is read again, of one job and of several', () => {
  const [first, second] = [jobOf(0, 1), jobOf(1, 2)];
  expect(readFillText(fillText(first))).toMatchObject({ jobs: [{ blob: first.blob }] });
  expect(readFillText(groupText([first, second]))).toMatchObject({
    jobs: [{ blob: first.blob }, { blob: second.blob }],
  });
});

test('a message is ASCII whatever a manifest says', () => {
  const mediaType = 'text/ä\u0000\u{1f600}~ ';
  const job = jobOf(0, 1);
  const body = fillText({ ...job, blob: { ...job.blob, mediaType } });
  expect(body).toMatch(/^[ -~]*$/);
  expect(body).toContain('\\u00e4');
  expect(JSON.stringify(JSON.parse(body))).toContain(JSON.stringify(mediaType).slice(1, -1));
});

test.each(['', 'no JSON', '{}', '[]', 'null'])('the message %j names no job', (body) => {
  expect(readFillText(body)).toMatchObject({ kind: 'bad' });
});
