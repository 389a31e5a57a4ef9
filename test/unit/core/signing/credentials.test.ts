import { expect, test } from 'vitest';
import {
  type AwsCredentials,
  credentialsFor,
  millisecondsLeft,
} from '../../../../functions/core/signing/credentials.ts';

const lasting = (expires?: number): AwsCredentials => ({
  accessKeyId: String(expires),
  secretAccessKey: 's',
  expires,
});

/** A source that has these credentials, and these when they are stale. */
function source(first: AwsCredentials, fresh: AwsCredentials, isLate: boolean) {
  const asked: (AwsCredentials | undefined)[] = [];
  const get = (stale?: AwsCredentials) => {
    asked.push(stale);
    const found = stale === undefined ? first : fresh;
    return isLate ? Promise.resolve(found) : found;
  };
  return { asked, get };
}

test.each([[true], [false]])('credentials that last are used (later: %s)', async (isLate) => {
  const { asked, get } = source(lasting(1100), lasting(9999), isLate);
  const found = credentialsFor(get, 1000, 100);
  expect(found instanceof Promise).toBe(isLate);
  expect(await found).toEqual(lasting(1100));
  expect(asked).toEqual([undefined]);
});

test.each([[true], [false]])('others are refreshed, if it works (later: %s)', async (isLate) => {
  const { asked, get } = source(lasting(1099), lasting(1001), isLate);
  expect(await credentialsFor(get, 1000, 100)).toEqual(lasting(1001));
  expect(asked).toEqual([undefined, lasting(1099)]);
});

test.each([[true], [false]])('expired ones are an error (later: %s)', async (isLate) => {
  const { get } = source(lasting(1000), lasting(1000), isLate);
  const found = async () => credentialsFor(get, 1000, 100);
  await expect(found()).rejects.toThrow('the AWS credentials have expired');
});

test('credentials without an end last for ever', () => {
  expect(millisecondsLeft(lasting(), 5)).toBe(Number.POSITIVE_INFINITY);
  expect(millisecondsLeft(lasting(9), 5)).toBe(4);
});
