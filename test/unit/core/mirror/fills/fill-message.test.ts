import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillText, readFillText } from '../../../../../functions/aws/sqs/queue.ts';
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
  expect(readFillText(fillText(job))).toEqual({ kind: 'job', job });
  const { repository, blob } = job;
  expect(readFillText(fillText({ repository, blob }))).toEqual({
    kind: 'job',
    job: { repository, blob },
  });
});

test('a message of an older version, without a fence, is read', () => {
  const { fence: _, ...older } = job;
  expect(readFillText(JSON.stringify({ version: 1, ...older }))).toEqual({
    kind: 'job',
    job: older,
  });
});

test('with any media type, the message is ASCII and is read back', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anyText, anyText, (mediaType, progress) => {
      const body = fillText({ ...job, blob: { ...job.blob, mediaType }, progress });
      expect(body).toMatch(/^[ -~]*$/);
      const blob = { ...job.blob, mediaType: mediaType.slice(0, 255) };
      expect(readFillText(body)).toEqual({ kind: 'job', job: { ...job, blob, progress } });
    }),
  );
});

describe('an invalid message', () => {
  const message = JSON.parse(fillText(job));
  test.each([
    ['no JSON', 'x', 'not a JSON object'],
    ['an array', '[]', 'not a JSON object'],
    ['a later version', { ...message, version: 2 }, 'version'],
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
