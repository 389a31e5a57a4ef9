import { describe, expect, test } from 'vitest';
import { awsCredentials } from '../../../../functions/aws/sdk/aws-credentials.ts';
import type { AwsCredentials } from '../../../../functions/core/signing/credentials.ts';

const minute = 60_000;

function made(accessKeyId: string, expires?: number): AwsCredentials {
  return { accessKeyId, secretAccessKey: 'secret', sessionToken: 'token', expires };
}

/** Credentials that a test hands out by hand. */
function fetchedByHand() {
  const waiting: PromiseWithResolvers[] = [];
  const fetch = () =>
    new Promise<AwsCredentials>((resolve, reject) => {
      waiting.push({ resolve, reject });
    });
  return { waiting, fetch };
}

interface PromiseWithResolvers {
  resolve(credentials: AwsCredentials): void;
  reject(error: Error): void;
}

describe('credentials of the environment', () => {
  const environment: Record<string, string | undefined> = {
    AWS_ACCESS_KEY_ID: 'A',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  };
  const source = awsCredentials({
    environment,
    now: () => 0,
    fetch: () => Promise.reject(new Error('fetched')),
  });

  test('are there at once, and changed ones are seen', () => {
    expect(source()).toEqual(made('A'));
    environment.AWS_ACCESS_KEY_ID = 'B';
    environment.AWS_CREDENTIAL_EXPIRATION = '2026-11-21T00:00:00Z';
    expect(source()).toEqual(made('B', Date.UTC(2026, 10, 21)));
  });

  test('need both parts', async () => {
    environment.AWS_SECRET_ACCESS_KEY = '';
    await expect(source()).rejects.toThrow('fetched');
  });
});

describe('credentials that are fetched', () => {
  function opened() {
    let time = 0;
    const { waiting, fetch } = fetchedByHand();
    const source = awsCredentials({ environment: {}, now: () => time, fetch });
    return {
      source,
      waiting,
      pass: (milliseconds: number) => {
        time += milliseconds;
      },
      answer: async (credentials: AwsCredentials) => {
        waiting.shift()?.resolve(credentials);
        await new Promise((wake) => setImmediate(wake));
      },
    };
  }

  test('once for all who ask, and are then at hand', async () => {
    const { source, waiting, answer } = opened();
    const asked = [source(), source(), source()];
    expect(waiting).toHaveLength(1);
    await answer(made('A'));
    expect(await Promise.all(asked)).toEqual([made('A'), made('A'), made('A')]);
    expect(source()).toEqual(made('A'));
  });

  test('again beside the work, before they expire', async () => {
    const { source, waiting, answer, pass } = opened();
    const first = source();
    await answer(made('A', 60 * minute));
    await first;
    pass(49 * minute);
    expect(source()).toMatchObject({ accessKeyId: 'A' });
    expect(waiting).toHaveLength(0);
    pass(2 * minute);
    expect(source()).toMatchObject({ accessKeyId: 'A' });
    expect(source()).toMatchObject({ accessKeyId: 'A' });
    expect(waiting).toHaveLength(1);
    await answer(made('B', 120 * minute));
    expect(source()).toMatchObject({ accessKeyId: 'B' });
  });

  test('again when a signer finds them too short, and kept when that fails', async () => {
    const { source, waiting, answer, pass } = opened();
    const first = source();
    await answer(made('A', 60 * minute));
    await first;
    pass(57 * minute);
    const better = source(made('A'));
    waiting.shift()?.reject(new Error('no network'));
    expect(await better).toMatchObject({ accessKeyId: 'A' });
    // Not at once again.
    expect(source(made('A'))).toMatchObject({ accessKeyId: 'A' });
    pass(4 * minute);
    const expired = source();
    waiting.shift()?.reject(new Error('no network'));
    await expect(expired).rejects.toThrow('no network');
  });
});
