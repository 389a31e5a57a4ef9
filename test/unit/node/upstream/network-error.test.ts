import { expect, test } from 'vitest';
import { FetchError } from '../../../../functions/core/upstream/fetch-error.ts';
import { fetchError } from '../../../../functions/node/upstream/network-error.ts';

const proxy = 'http://user:pass@proxy.test:3128';
const coded = (code: unknown, message = 'failed') => Object.assign(new Error(message), { code });
const within = (cause: unknown) => new Error('fetch failed', { cause });
const unparsable = Object.assign(new Error('Parse Error'), { name: 'HTTPParserError' });

test.each([
  [coded('ETIMEDOUT'), 'headers', 'timeout', 'timed out (ETIMEDOUT)'],
  [coded('UND_ERR_BODY_TIMEOUT'), 'body', 'timeout', 'timed out (UND_ERR_BODY_TIMEOUT)'],
  [coded('ECONNRESET'), 'body', 'unreachable', 'the body broke off (ECONNRESET)'],
  [unparsable, 'body', 'unreachable', 'the body broke off'],
  [unparsable, 'headers', 'limited', 'the answer is not valid HTTP; too many requests?'],
  [
    within(coded('HPE_INVALID')),
    'headers',
    'limited',
    'the answer is not valid HTTP; too many requests? (HPE_INVALID)',
  ],
  [
    within(coded('CERT_UNTRUSTED')),
    'headers',
    'unreachable',
    'the certificate is not trusted; set "ca" if it is your own (CERT_UNTRUSTED)',
  ],
  [new Error('Proxy response (403)'), 'headers', 'unreachable', 'the proxy refused the connection'],
  [within(coded('ENOTFOUND')), 'headers', 'unreachable', 'no connection (ENOTFOUND)'],
  [coded(5), 'headers', 'unreachable', 'no connection'],
  ['a text', 'headers', 'unreachable', 'no connection'],
] as const)('%s in the %s is %s: %s', (error, part, kind, message) => {
  expect(fetchError(error, part)).toMatchObject({ kind, message });
});

test.each([
  [coded('ETIMEDOUT'), 'timed out through the proxy proxy.test:3128 (ETIMEDOUT)'],
  [coded('EPIPE'), 'no connection through the proxy proxy.test:3128 (EPIPE)'],
  [new Error('Proxy response (403)'), 'the proxy proxy.test:3128 refused the connection'],
])('with a proxy, %s is: %s', (error, message) => {
  expect(fetchError(error, 'headers', proxy).message).toBe(message);
});

test('the innermost code is named, the thrown error is the cause, a FetchError stays', () => {
  const outer = Object.assign(within(coded('ECONNREFUSED')), { code: 'UND_ERR_SOCKET' });
  const explained = fetchError(outer, 'headers');
  expect(explained.message).toBe('no connection (ECONNREFUSED)');
  expect(explained.cause).toBe(outer);
  const known = new FetchError('invalid', 'a private address');
  expect(fetchError(within(known), 'headers')).toBe(known);
  expect(fetchError(unparsable, 'headers')).not.toHaveProperty('cause');
});

test('a chain of causes that is endless is read to its fifth', () => {
  const endless = new Error('endless');
  endless.cause = endless;
  expect(fetchError(endless, 'headers').message).toBe('no connection');
  const deep = within(within(within(within(coded('ETIMEDOUT')))));
  expect(fetchError(deep, 'headers').kind).toBe('timeout');
  expect(fetchError(within(deep), 'headers').kind).toBe('unreachable');
});
