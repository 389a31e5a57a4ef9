import { expect, test } from 'vitest';
import {
  logRequest,
  requestFields,
  requestLevel,
} from '../../../../functions/core/observe/request-line.ts';
import { record } from './records.ts';

const noted = (changes: object) => record({ note: { ...record().note, ...changes } });
const error = new Error('digest differs');

test('the fields of a request', () => {
  expect(requestFields(record({ id: 'abc-1' }))).toEqual({
    request: 'abc-1',
    client: 'containerd/1.6.20',
    kind: 'manifest',
    form: 'ns',
    method: 'GET',
    repository: 'docker.io/library/alpine',
    reference: '3.20',
    status: 200,
    cache: 'hit',
    upstreamCalls: 0,
    ms: 1.23,
    bytes: 528,
    reason: undefined,
  });
});

test.each([
  [record(), 'info', undefined],
  [noted({ kind: 'healthz' }), 'debug', undefined],
  [noted({ kind: 'metrics' }), 'debug', undefined],
  [noted({ cache: 'stale', reason: 'status 500' }), 'warn', 'status 500'],
  [{ ...noted({ reason: 'too many requests' }), status: 404 }, 'info', 'too many requests'],
  [record({ status: 499 }), 'info', undefined],
  [record({ status: 500 }), 'warn', undefined],
  [record({ status: 503 }), 'warn', undefined],
  [{ ...noted({ kind: 'healthz' }), status: 503 }, 'debug', undefined],
  [record({ written: { bytes: 1, end: 'left' } }), 'info', 'client disconnected'],
  [record({ written: { bytes: 1, end: 'broken', error } }), 'error', 'digest differs'],
  [record({ written: { bytes: 1, end: 'broken' } }), 'error', 'the body broke off'],
])('%o is worth %s, by reason of %s', (one, level, reason) => {
  expect(requestLevel(one)).toBe(level);
  expect(requestFields(one).reason).toBe(reason);
});

test('a request is written at its level, if that is written', () => {
  const lines: unknown[] = [];
  const log = {
    passes: (level: string) => level === 'warn',
    event: (...line: unknown[]) => void lines.push(line),
  };
  logRequest(log, record());
  logRequest(log, record({ status: 503 }));
  expect(lines).toEqual([['warn', 'request', expect.objectContaining({ status: 503 })]]);
});
