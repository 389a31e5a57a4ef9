import { expect, test } from 'vitest';
import {
  hadNoEffect,
  isThrottling,
  ServiceError,
  serviceError,
} from '../../../../functions/aws/sdk/service-error.ts';

const errorOf = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name }, more);
const answered = (status: number, requestId?: string) => ({
  $metadata: { httpStatusCode: status, requestId },
});

/** An error as it is reported: its message, code and status. */
function reported(error: unknown) {
  const { message, code, status } = serviceError('DynamoDB.GetItem', error);
  return [message, code, status];
}

test.each([
  ['ValidationException', 'a key is missing', 400, ': a key is missing'],
  ['InvalidSignatureException', 'the secret request', 403, ''],
  ['Name with spaces', 'the secret request', 500, ''],
  ['A'.repeat(100), '', 400, ''],
  ['A'.repeat(101), '', 400, ''],
])('only harmless messages of a service are kept: %s', (name, text, status, detail) => {
  const code = /^[A-Za-z]{1,100}$/.test(name) ? name : `Http${status}`;
  const error = errorOf(name, text, answered(status, 'R1'));
  expect(reported(error)).toEqual([
    `DynamoDB.GetItem: ${code} (${status}, request R1)${detail}`,
    code,
    status,
  ]);
});

test('a message is cut to 300 characters; the number of a request may be missing', () => {
  const error = errorOf('ValidationException', 'x'.repeat(301), answered(400));
  expect(reported(error)[0]).toBe(
    `DynamoDB.GetItem: ValidationException (400): ${'x'.repeat(300)}`,
  );
});

test('a cancelled transaction says why, for each of its writes', () => {
  const CancellationReasons = [{ Code: 'ConditionalCheckFailed' }, {}];
  const error = errorOf('TransactionCanceledException', 'secret', {
    ...answered(400),
    CancellationReasons,
  });
  const { message, reasons } = serviceError('DynamoDB.T', error);
  expect(reasons).toEqual(['ConditionalCheckFailed', 'None']);
  expect(message).toBe(
    'DynamoDB.T: TransactionCanceledException (400): ConditionalCheckFailed, None',
  );
});

test.each([
  [
    'a connection that took too long',
    errorOf('TimeoutError', 'x'),
    'timed out while connecting',
    'Unreachable',
  ],
  [
    'a response that took too long',
    errorOf('TimeoutError', 'x', { code: 'ETIMEDOUT' }),
    'timed out waiting for the response',
    'Timeout',
  ],
  [
    'a connection that was reset',
    errorOf('TimeoutError', 'socket hang up', { code: 'ECONNRESET' }),
    'socket hang up',
    'Unreachable',
  ],
  [
    'a connection of the system that timed out',
    errorOf('TimeoutError', 'connect ETIMEDOUT', { code: 'ETIMEDOUT', syscall: 'connect' }),
    'connect ETIMEDOUT',
    'Unreachable',
  ],
  ['an error without a message', errorOf('Error', '', { code: 'EPIPE' }), 'EPIPE', 'Unreachable'],
  [
    'missing credentials',
    errorOf('CredentialsProviderError', 'no role'),
    'CredentialsProviderError: no role',
    'CredentialsProviderError',
  ],
  ['any other error', errorOf('TypeError', 'secret'), 'TypeError', 'TypeError'],
  ['what is no error', 'secret', 'Error', 'Error'],
])('%s is reported without what was sent', (_, error, text, code) => {
  expect(reported(error)).toEqual([`DynamoDB.GetItem: ${text}`, code, undefined]);
});

test.each([
  [new ServiceError('', { code: 'ThrottlingException', status: 400 }), true],
  [new ServiceError('', { code: 'Http429', status: 429 }), true],
  [new ServiceError('', { code: 'ValidationException', status: 400 }), false],
  [new ServiceError('', { code: 'Timeout' }), false],
  [errorOf('ThrottlingException', ''), false],
])('error %# is one of throttling: %s', (error, is) => {
  expect(isThrottling(error)).toBe(is);
});

test.each([
  ['a refusal', errorOf('ValidationException', '', answered(400)), true],
  ['the last refusal', errorOf('X', '', answered(499)), true],
  ['a failure of the service', errorOf('X', '', answered(500)), false],
  ['no connection in time', errorOf('TimeoutError', ''), true],
  ['no response in time', errorOf('TimeoutError', '', { code: 'ETIMEDOUT' }), false],
  ['a refused connection', errorOf('Error', '', { syscall: 'connect' }), true],
  ['an unknown name', errorOf('Error', '', { syscall: 'getaddrinfo' }), true],
  ['a broken connection', errorOf('Error', '', { syscall: 'read', code: 'ECONNRESET' }), false],
])('%s had certainly no effect, or may have had one', (_, error, had) => {
  expect(hadNoEffect(error)).toBe(had);
});

test('a cause is kept where there is one', () => {
  const cause = new Error('the cause');
  expect(new ServiceError('', { code: 'X', cause }).cause).toBe(cause);
  expect('cause' in new ServiceError('', { code: 'X' })).toBe(false);
});
