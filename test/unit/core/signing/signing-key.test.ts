import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { cachedSigningKey } from '../../../../functions/core/signing/signing-key.ts';

function scene() {
  const seen = { hmacs: 0 };
  const hashing = {
    sha256Hex: (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex'),
    hmac(key: string | Uint8Array, text: string) {
      seen.hmacs += 1;
      return new Uint8Array(createHmac('sha256', key).update(text).digest());
    },
  };
  return { seen, keyOf: cachedSigningKey('us-east-1', hashing) };
}

const credentials = { accessKeyId: 'AKID/1', secretAccessKey: 'secret' };

test('a key has its scope, and its parts encoded for a query', () => {
  const { keyOf } = scene();
  expect(keyOf(credentials, '20261201')).toMatchObject({
    day: '20261201',
    scope: '20261201/us-east-1/s3/aws4_request',
    credentialParameter: 'AKID%2F1%2F20261201%2Fus-east-1%2Fs3%2Faws4_request',
    tokenParameter: undefined,
  });
  const session = { ...credentials, sessionToken: 'a+b/c' };
  expect(keyOf(session, '20261201').tokenParameter).toBe('a%2Bb%2Fc');
});

test('a signature is that of SigV4', () => {
  const hmac = (key: string | Buffer, text: string) =>
    createHmac('sha256', key).update(text).digest();
  const steps = ['20261201', 'us-east-1', 's3', 'aws4_request'];
  const key = steps.reduce<string | Buffer>((one, text) => hmac(one, text), 'AWS4secret');
  expect(scene().keyOf(credentials, '20261201').sign('text')).toBe(
    hmac(key as Buffer, 'text').toString('hex'),
  );
});

test.each([
  [{}, '20261201', true],
  [{}, '20261202', false],
  [{ accessKeyId: 'other' }, '20261201', false],
  [{ secretAccessKey: 'other' }, '20261201', false],
  [{ sessionToken: 'other' }, '20261201', false],
])('with %j on %s, the key is kept: %s', (changes, day, isKept) => {
  const { keyOf, seen } = scene();
  const first = keyOf(credentials, '20261201');
  expect(keyOf({ ...credentials, ...changes }, day) === first).toBe(isKept);
  expect(seen.hmacs).toBe(isKept ? 4 : 8);
});
