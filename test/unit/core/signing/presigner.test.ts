import { describe, expect, test } from 'vitest';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import type {
  AwsCredentials,
  CredentialSource,
} from '../../../../functions/core/signing/credentials.ts';
import { createSigner, type Signer } from '../../../../functions/core/signing/presigner.ts';

const start = Date.parse('2026-11-21T23:50:00.400Z');
const second = Math.floor(start / 1000) * 1000;
const url = new URL('https://bucket.s3.us-east-1.amazonaws.com/blobs/a');

function made(accessKeyId: string, expires?: number): AwsCredentials {
  return { accessKeyId, secretAccessKey: 'secret', sessionToken: 'token', expires };
}

function signing(credentials: CredentialSource, now = () => start): Signer {
  return createSigner({
    region: 'us-east-1',
    credentials,
    now,
    hashing: nodeHashing,
  });
}

describe('how long a URL lives', () => {
  test('as long as asked, counted from the second in it', () => {
    const signed = signing(() => made('A')).presign({ method: 'GET', url, lifeSeconds: 1200 });
    expect(signed).toMatchObject({ expires: second + 1_200_000 });
  });

  test('as long as the credentials when they live shorter', async () => {
    const signed = await signing(() => made('A', start + 600_900)).presign({
      method: 'GET',
      url,
      lifeSeconds: 1200,
    });
    expect(signed.expires).toBe(second + 600_000);
    expect(signed.url).toContain('X-Amz-Expires=600&');
  });

  test('seven days at most', async () => {
    const asked = { method: 'GET', url, lifeSeconds: 1e9 };
    expect((await signing(() => made('A')).presign(asked)).url).toContain('X-Amz-Expires=604800&');
  });
});

describe('credentials', () => {
  test('at hand: no promise', () => {
    const signer = signing(() => made('A'));
    expect(signer.presign({ method: 'GET', url, lifeSeconds: 60 })).not.toBeInstanceOf(Promise);
  });

  test('that soon expire are asked for anew, once', async () => {
    const asked: (string | undefined)[] = [];
    const signer = signing((stale) => {
      asked.push(stale?.accessKeyId);
      return stale === undefined ? made('OLD', start + 10_000) : Promise.resolve(made('NEW'));
    });
    const signed = await signer.presign({ method: 'GET', url, lifeSeconds: 1200 });
    expect(signed.url).toContain('X-Amz-Credential=NEW%2F');
    expect(asked).toEqual([undefined, 'OLD']);
  });

  test('that soon expire are used when there are no others', async () => {
    const signed = await signing(async () => made('A', start + 10_000)).presign({
      method: 'GET',
      url,
      lifeSeconds: 1200,
    });
    expect(signed.expires).toBe(second + 10_000);
  });

  test('that have expired sign nothing', async () => {
    const signer = signing(async () => made('A', start - 1));
    const presigning = async () => signer.presign({ method: 'GET', url, lifeSeconds: 60 });
    await expect(presigning()).rejects.toThrow('expired');
  });

  test('that changed, and a day that ended, are seen', async () => {
    let now = start;
    let current = made('A');
    const signer = signing(
      () => current,
      () => now,
    );
    const presign = async () => {
      const { url: signed } = await signer.presign({ method: 'GET', url, lifeSeconds: 60 });
      const other = signing(
        () => current,
        () => now,
      );
      expect(signed).toBe((await other.presign({ method: 'GET', url, lifeSeconds: 60 })).url);
      return signed;
    };
    expect(await presign()).toContain('A%2F20261121');
    current = { ...made('A'), secretAccessKey: 'another' };
    await presign();
    current = { ...current, sessionToken: 'another' };
    expect(await presign()).toContain('X-Amz-Security-Token=another');
    now += 600_000;
    expect(await presign()).toContain('A%2F20261122');
  });
});
