import { expect, test } from 'vitest';
import {
  noteOfError,
  noteOfResult,
  readNote,
} from '../../../../functions/core/mirror/lease-note.ts';
import { refusalLife } from '../../../../functions/core/mirror/memory.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';

const now = 1000;

test.each(['absent', 'denied'])('the refusal %s is noted for its life', (kind) => {
  const note = noteOfResult({ kind }, now);
  const until = now + refusalLife;
  expect(readNote(note, now)).toEqual({ kind, at: now, until });
  expect(readNote(note, until - 1)).toEqual({ kind, at: now, until });
  expect(readNote(note, until)).toBeUndefined();
});

test.each([{ kind: 'found' }, {}])('a result that is in the index needs no note: %o', (result) => {
  expect(noteOfResult(result, now)).toBeUndefined();
});

test.each([
  [new UpstreamError('limited', 'too many', { status: 429, retryAfter: 30 })],
  [new UpstreamError('limited', 'too many')],
  [new UpstreamError('unavailable', 'down', { status: 503 })],
])('an answer of the upstream is noted for three seconds: %s', (error) => {
  const note = noteOfError(error, now);
  const read = readNote(note, now + 2999);
  const { kind, message, status, retryAfter } = error;
  expect(read).toMatchObject({ kind: 'failed', error: { kind, message, status, retryAfter } });
  expect(readNote(note, now + 3000)).toBeUndefined();
});

test.each([
  [new Error('a bug')],
  [new UpstreamError('unavailable', 'no connection')],
  [new UpstreamError('invalid', 'odd', { status: 200 })],
  [new UpstreamError('credentials', 'wrong', { status: 401 })],
])('what may be a fault of this instance alone is not: %s', (error) => {
  expect(readNote(noteOfError(error, now), now)).toEqual({ kind: 'unanswered' });
});

test('a message of any length fits into a note', () => {
  const note = noteOfError(new UpstreamError('limited', 'x'.repeat(2000)), now);
  expect(note.length).toBeLessThan(1000);
  const read = readNote(note, now);
  expect(read?.kind === 'failed' && read.error.message).toBe('x'.repeat(500));
});

test.each([
  undefined,
  '',
  'text',
  '{"kind":"absent"}',
  '{"kind":"absent","at":1000}',
  '{"kind":"absent","until":1001}',
  '{"kind":"absent","at":1000,"until":"1001"}',
  '{"kind":"limited","at":1000,"until":1001}',
  '{"kind":"other","at":1000,"until":1001,"message":"x"}',
  // Of a clock that is far ahead.
  `{"kind":"absent","at":1000,"until":${now + 2 * refusalLife + 1}}`,
])('is no note: %s', (text) => {
  expect(readNote(text, now)).toBeUndefined();
});

test('a note may be from a clock that is a little ahead, and have no numbers', () => {
  const until = now + 2 * refusalLife;
  const text = JSON.stringify({ kind: 'absent', at: 5000, until });
  expect(readNote(text, now)).toEqual({ kind: 'absent', at: 5000, until });
  const odd = { kind: 'limited', at: 1, until: 1001, message: 'x', status: '1', retryAfter: '2' };
  const read = readNote(JSON.stringify(odd), now);
  expect(read).toMatchObject({ error: { status: undefined, retryAfter: undefined } });
});
