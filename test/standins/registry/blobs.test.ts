import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf, fileContent } from '../images/content.ts';
import { bytesOf, layer, layerUrl, standin } from './standin.ts';

const all = Buffer.from(layer.bytes);

describe.each(['redirect', 'stream'] as const)('with blobs: %s', (blobs) => {
  test('delivers a blob', async () => {
    const upstream = await standin({ blobs });
    const answer = await fetch(layerUrl(upstream));
    expect(answer.headers.get('content-length')).toBe(String(layer.size));
    expect(digestOf(await bytesOf(answer))).toBe(digestOf(all));
    expect(upstream.bytes(blobs === 'stream' ? 'blob' : 'cdn')).toBe(layer.size);
    expect(upstream.count({ kind: 'cdn', reference: layer.digest })).toBe(
      blobs === 'stream' ? 0 : 1,
    );
  });

  test.each([
    ['bytes=0-9', 206, all.subarray(0, 10), `bytes 0-9/${layer.size}`],
    ['bytes=1000-', 206, all.subarray(1000), `bytes 1000-${layer.size - 1}/${layer.size}`],
    ['bytes=-5', 206, all.subarray(-5), `bytes ${layer.size - 5}-${layer.size - 1}/${layer.size}`],
    [`bytes=${layer.size}-`, 416, Buffer.alloc(0), `bytes */${layer.size}`],
    ['bytes=0-1,4-5', 200, all, null],
    ['pages=0-1', 200, all, null],
  ])('answers Range: %s with %i', async (range, status, body, contentRange) => {
    const upstream = await standin({ blobs });
    const answer = await fetch(layerUrl(upstream), { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-range')).toBe(contentRange);
    expect(digestOf(await bytesOf(answer))).toBe(digestOf(body));
  });

  test('answers HEAD, a known ETag and a changed If-Range', async () => {
    const upstream = await standin({ blobs });
    const head = await fetch(layerUrl(upstream), { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(layer.size));
    const etag = head.headers.get('etag') ?? '';
    const known = await fetch(layerUrl(upstream), { headers: { 'if-none-match': etag } });
    expect(known.status).toBe(304);
    const headers = { range: 'bytes=5-', 'if-range': '"other"' };
    expect((await fetch(layerUrl(upstream), { headers })).status).toBe(200);
  });
});

describe('signed URLs', () => {
  test('are bound to the method, to the path and to a time', async () => {
    let now = Date.now();
    const upstream = await standin({ signedUrlSeconds: 60 }, { now: () => now });
    const redirect = await fetch(layerUrl(upstream), { redirect: 'manual' });
    expect(redirect.status).toBe(307);
    const url = redirect.headers.get('location') ?? '';
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(403);
    expect(head.headers.get('content-type')).toBe('application/xml');
    expect((await fetch(url.replace(/[0-9a-f]{4}\/data/, '0000/data'))).status).toBe(403);
    expect((await fetch(url)).status).toBe(200);
    now += 61_000;
    const expired = await fetch(url);
    expect(expired.status).toBe(403);
    expect(await expired.text()).toContain('Request has expired');
  });

  test('answer 400 when Authorization comes along', async () => {
    const upstream = await standin();
    const redirect = await fetch(layerUrl(upstream), { redirect: 'manual' });
    const url = redirect.headers.get('location') ?? '';
    expect((await fetch(url, { headers: { authorization: 'Bearer x' } })).status).toBe(400);
    expect(upstream.requests.at(-1)?.authorization).toBe('Bearer');
  });

  test('for HEAD can be missing or wrong', async () => {
    const upstream = await standin({ blobHead: 'answer', redirectStatus: 302 });
    const answered = await fetch(layerUrl(upstream), { method: 'HEAD', redirect: 'manual' });
    expect(answered.status).toBe(200);
    expect((await fetch(layerUrl(upstream), { redirect: 'manual' })).status).toBe(302);
    upstream.set({ blobHead: 'signed-for-get' });
    expect((await fetch(layerUrl(upstream), { method: 'HEAD' })).status).toBe(403);
  });
});

test('delivers a blob from a file, also in parts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'blob'), all);
  const upstream = await standin();
  const blob = await fileContent(join(folder, 'blob'));
  upstream.add('library/file', blob);
  const url = `${upstream.url}/v2/library/file/blobs/${blob.digest}`;
  expect(digestOf(await bytesOf(await fetch(url)))).toBe(digestOf(all));
  const part = await fetch(url, { headers: { range: 'bytes=100-199' } });
  expect(digestOf(await bytesOf(part))).toBe(digestOf(all.subarray(100, 200)));
});

test('serves 200 clients at once', async () => {
  const upstream = await standin();
  const bodies = await Promise.all(
    Array.from({ length: 200 }, async () => bytesOf(await fetch(layerUrl(upstream)))),
  );
  expect(bodies.every((body) => body.equals(all))).toBe(true);
  expect(upstream.bytes('cdn')).toBe(200 * layer.size);
});
