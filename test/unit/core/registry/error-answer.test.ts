import { expect, test } from 'vitest';
import { errorAnswer, failureAnswer } from '../../../../functions/core/registry/error-answer.ts';
import { refusal } from '../../../../functions/core/registry/refusal.ts';

const textOf = (body: unknown) => new TextDecoder().decode(body as Uint8Array);
const refused = refusal(404, 'MANIFEST_UNKNOWN', 'gone ä');

test('an error has its length in bytes, is not stored, and is noted', () => {
  const request = { ns: 'docker.io', form: 'ns', mirrored: { upstreamCalls: 3 } } as never;
  const answer = errorAnswer(request, refused, { kind: 'manifest', repository: 'a' }, { x: 'y' });
  expect(answer).toMatchObject({
    status: 404,
    headers: {
      'content-type': 'application/json',
      'content-length': String((answer.body as Uint8Array).byteLength),
      'cache-control': 'no-store',
      'oci-namespace': 'docker.io',
      x: 'y',
    },
    note: { kind: 'manifest', repository: 'a', form: 'ns', upstreamCalls: 3, reason: 'gone ä' },
  });
  expect(answer.headers).not.toHaveProperty('retry-after');
  expect(textOf(answer.body)).toContain('"MANIFEST_UNKNOWN"');
});

test('a wait is passed on, and without a repository nothing was asked', () => {
  const waits = { ...refused, retryAfter: 0 };
  const answer = errorAnswer({ ns: undefined, form: 'root' } as never, waits, { kind: 'other' });
  expect(answer.headers['retry-after']).toBe('0');
  expect(answer.note.upstreamCalls).toBe(0);
});

test.each([
  ['/v2/library/app/blobs/sha256:a', 429, 'blob', 'root'],
  ['/v2/library/app/manifests/1', 503, 'manifest', 'root'],
  ['/v2/library/app/manifests/1?ns=docker.io', 503, 'manifest', 'ns'],
  ['/v2/library/app/blobs/sha256:a?ns=docker.io', 503, 'blob', 'ns'],
  ['/v2/ghcr.io/app/blobs/sha256:a', 503, 'blob', 'root'],
  ['/v2/library/app/tags/list', 503, 'tags', 'root'],
  ['/elsewhere', 503, 'other', 'root'],
])('a failure at %s is a %s, as clients of that form want it', (target, status, kind, form) => {
  const answer = failureAnswer(target);
  expect(answer).toMatchObject({ status, note: { kind, form, upstreamCalls: 0 } });
  expect(answer.note.reason).toBe('this mirror failed to answer');
});

test('the reason of a failure is for the log alone', () => {
  const answer = failureAnswer('/v2/a/manifests/1', 'the disk is full');
  expect(answer.note.reason).toBe('the disk is full');
  expect(textOf(answer.body)).not.toContain('disk');
});

test('which clients fall back after a 503 is known by the target', () => {
  const retryAfter = (target: string) => failureAnswer(target).headers['retry-after'];
  expect(retryAfter('/v2/ghcr.io/a/manifests/1')).toBe('5');
  expect(retryAfter('/v2/library/a/manifests/1')).toBeUndefined();
  expect(retryAfter('/ghcr.io/v2/a/manifests/1')).toBeUndefined();
  expect(retryAfter('/v2/a/manifests/1')).toBeUndefined();
});
