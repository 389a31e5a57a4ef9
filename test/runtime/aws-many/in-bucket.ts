import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { blobKey } from '../../../functions/core/bucket/blob-key.ts';
import { parseDigest } from '../../../functions/core/oci/digest.ts';
import type { Content } from '../../standins/images/content.ts';
import { type BucketAddress, send, signed } from '../../standins/s3/signed-request.ts';

/** The bytes of a blob in the bucket itself: a mirror that is asked would queue its fill again. */
export async function inBucket(
  address: BucketAddress,
  digest: string,
): Promise<Buffer | undefined> {
  const parsed = parseDigest(digest);
  if (parsed === undefined) throw new Error(`no digest: ${digest}`);
  const path = `/${address.bucket}/${blobKey(parsed)}`;
  const plain = { method: 'GET', path, query: '', headers: {}, body: undefined };
  const request = await signed(plain, address, { kind: 'header' });
  const { status, body } = await send('GET', request, undefined);
  if (status === 404) return undefined;
  expect(status, body.toString()).toBe(200);
  return body;
}

/** Waits until the bucket has the blobs, and compares them. */
export async function untilInBucket(
  address: BucketAddress,
  blobs: readonly Content[],
): Promise<void> {
  for (const { digest, bytes } of blobs) {
    let found = await inBucket(address, digest);
    while (found === undefined) {
      await pause(100);
      found = await inBucket(address, digest);
    }
    expect(found.equals(bytes), digest).toBe(true);
  }
}

/** Waits until a mirror hands out the bucket's address of the blobs. */
export async function untilRedirected(
  url: string,
  { endpoint }: BucketAddress,
  blobs: readonly Content[],
): Promise<void> {
  for (const { digest } of blobs) {
    for (;;) {
      const answer = await fetch(`${url}/v2/library/app/blobs/${digest}`, { redirect: 'manual' });
      await answer.body?.cancel();
      if (answer.headers.get('location')?.startsWith(endpoint)) break;
      await pause(100);
    }
  }
}
