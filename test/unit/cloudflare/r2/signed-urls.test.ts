import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { blobs, told } = sharedWorkerd({ endpoint: 'https://account.r2.example' });
const bytes = new TextEncoder().encode('a layer');
const digest = madeDigest(bytes);
const wanted = { digest, size: bytes.byteLength };

async function urlOf(store: ReturnType<typeof blobs>): Promise<URL> {
  const location = await store.locate(digest);
  if (location?.kind !== 'redirect') throw new Error('it was to be a redirect');
  return new URL(location.url);
}

/** AWS Signature Version 4 by its own words, for a URL that signs only its host. */
function signatureOf(url: URL): string {
  const pairs = [...url.searchParams].filter(([name]) => name !== 'X-Amz-Signature');
  const query = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).sort();
  const date = url.searchParams.get('X-Amz-Date') ?? '';
  const day = date.slice(0, 8);
  const request = `GET\n${url.pathname}\n${query.join('&')}\nhost:${url.host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const hash = createHash('sha256').update(request).digest('hex');
  const scope = [day, 'auto', 's3', 'aws4_request'];
  const key = scope.reduce<string | Buffer>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    'AWS4secret',
  );
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope.join('/')}\n${hash}`;
  return createHmac('sha256', key).update(text).digest('hex');
}

test('a stored blob is redirected to, by a URL that is signed for it', async () => {
  const store = blobs();
  expect(await store.locate(digest)).toBeUndefined();
  await store.put(wanted, sourceOf(bytes)).done;
  const url = await urlOf(store);
  const hex = digest.slice('sha256:'.length);
  expect(url.origin).toBe('https://account.r2.example');
  expect(url.pathname).toBe(`/b/blobs/sha256/${hex.slice(0, 2)}/${hex}`);
  expect(url.searchParams.get('X-Amz-Expires')).toBe('1200');
  expect(url.searchParams.get('X-Amz-Signature')).toBe(signatureOf(url));
});

test('a URL has the life of its client, but no longer one than the blob stays for', async () => {
  const store = blobs();
  await store.put(wanted, sourceOf(bytes)).done;
  for (const [life, seconds] of [
    [300_000, '300'],
    [undefined, '1200'],
    [90_000_000, '1200'],
  ] as const) {
    const location = await store.locate(digest, undefined, life);
    if (location?.kind !== 'redirect') throw new Error('it was to be a redirect');
    expect(new URL(location.url).searchParams.get('X-Amz-Expires')).toBe(seconds);
  }
});

test('a redirect to what the index says is stored costs no call', async () => {
  await blobs().put(wanted, sourceOf(bytes)).done;
  const knowing = blobs();
  knowing.noteStored([wanted]);
  while ((await told().calls()) < 0) await urlOf(knowing);
  const before = await told().calls();
  await urlOf(knowing);
  await urlOf(knowing);
  expect(await told().calls()).toBe(before);
});
