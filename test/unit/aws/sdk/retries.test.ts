import { beforeEach, expect, test } from 'vitest';
import { PromptRetries, SafeRetries } from '../../../../functions/aws/sdk/retries.ts';

let now: number;

beforeEach(() => {
  now = 10_000;
});

type Failure = Parameters<PromptRetries['refreshRetryTokenForRetry']>[1];

const failure = (error: object = {}) =>
  ({ errorType: 'TRANSIENT', error: Object.assign(new Error('failed'), error) }) as Failure;

test('a call is attempted four times', async () => {
  const retries = new PromptRetries(() => now);
  let token = await retries.acquireInitialRetryToken('');
  for (let attempt = 2; attempt <= 4; attempt++) {
    token = await retries.refreshRetryTokenForRetry(token, failure());
  }
  await expect(retries.refreshRetryTokenForRetry(token, failure())).rejects.toThrow();
});

test('no attempt starts later than 900 ms after the first', async () => {
  const retries = new PromptRetries(() => now);
  let token = await retries.acquireInitialRetryToken('');
  now += 899;
  token = await retries.refreshRetryTokenForRetry(token, failure());
  now += 1;
  await expect(retries.refreshRetryTokenForRetry(token, failure())).rejects.toThrow(
    'no time for another attempt',
  );
});

test('the pause before an attempt is below 25 ms, then below 100 and 400 ms', async () => {
  const retries = new PromptRetries(() => now);
  let token = await retries.acquireInitialRetryToken('');
  for (const longest of [25, 100, 400]) {
    token = await retries.refreshRetryTokenForRetry(token, failure());
    expect(token.getRetryDelay()).toBeLessThanOrEqual(longest);
  }
});

test('a call that must not be applied twice is repeated only if it had no effect', async () => {
  const retries = new SafeRetries(() => now);
  const token = await retries.acquireInitialRetryToken('');
  const broken = failure({ $metadata: { httpStatusCode: 500 } });
  await expect(retries.refreshRetryTokenForRetry(token, broken)).rejects.toThrow(
    'the call may have taken effect',
  );
  const throttled = failure({ $metadata: { httpStatusCode: 400 } });
  expect((await retries.refreshRetryTokenForRetry(token, throttled)).getRetryCount()).toBe(1);
});
