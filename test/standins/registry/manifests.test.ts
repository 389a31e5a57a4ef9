import { expect, test } from 'vitest';
import { makeImage } from '../images/image.ts';
import { makeIndex } from '../images/image-index.ts';
import { bytesOf, image, layer, standin, tagUrl } from './standin.ts';

test('delivers a manifest by tag and by digest, to the byte', async () => {
  const upstream = await standin();
  for (const reference of ['1', image.manifest.digest, image.manifest.digest.replace(':', '%3A')]) {
    const answer = await fetch(tagUrl(upstream, reference));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(image.manifest.mediaType);
    expect(answer.headers.get('docker-content-digest')).toBe(image.manifest.digest);
    expect(await bytesOf(answer)).toEqual(Buffer.from(image.manifest.bytes));
  }
});

test('answers HEAD with the length and nothing else', async () => {
  const upstream = await standin();
  const answer = await fetch(tagUrl(upstream), { method: 'HEAD' });
  expect(answer.headers.get('content-length')).toBe(String(image.manifest.size));
  expect(upstream.bytes('manifest')).toBe(0);
});

test('answers 304 to a known ETag', async () => {
  const upstream = await standin();
  const headers = { 'if-none-match': `"${image.manifest.digest}"` };
  expect((await fetch(tagUrl(upstream), { headers })).status).toBe(304);
});

test.each([
  ['library/app/manifests/absent', 'MANIFEST_UNKNOWN'],
  ['library/absent/manifests/1', 'NAME_UNKNOWN'],
  [`library/app/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
  ['library/absent/tags/list', 'NAME_UNKNOWN'],
])('answers 404 for %s with %s', async (path, code) => {
  const upstream = await standin();
  const answer = await fetch(`${upstream.url}/v2/${path}`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ errors: [{ code }] });
});

test('follows a tag that moves or goes', async () => {
  const upstream = await standin();
  const other = upstream.add('library/app', makeImage({ layers: [layer], env: ['A=2'] }));
  upstream.tag('library/app', '1', other);
  expect((await fetch(tagUrl(upstream))).headers.get('docker-content-digest')).toBe(other);
  upstream.removeTag('library/app', '1');
  expect((await fetch(tagUrl(upstream))).status).toBe(404);
  expect((await fetch(tagUrl(upstream, other))).status).toBe(200);
});

test('gives one platform of an index to a client that names no index type', async () => {
  const upstream = await standin();
  const index = makeIndex([{ item: image, platform: 'linux/amd64' }]);
  upstream.add('library/app', index, 'multi');
  const digestFor = async (accept: string): Promise<string | null> =>
    (await fetch(tagUrl(upstream, 'multi'), { headers: { accept } })).headers.get(
      'docker-content-digest',
    );
  expect(await digestFor(index.manifest.mediaType)).toBe(index.manifest.digest);
  expect(await digestFor('application/json')).toBe(image.manifest.digest);
});

test.each([
  ['digestHeader', { digestHeader: false }, 'GET', 'docker-content-digest', null],
  ['contentType', { contentType: 'text/plain' }, 'GET', 'content-type', 'text/plain'],
  ['responseHeaders', { responseHeaders: { 'set-cookie': 'a=b' } }, 'GET', 'set-cookie', 'a=b'],
  [
    'wrongDigestHeader',
    { wrongDigestHeader: true },
    'GET',
    'docker-content-digest',
    expect.not.stringContaining(image.manifest.digest),
  ],
  [
    'headMismatch',
    { headMismatch: true },
    'HEAD',
    'docker-content-digest',
    expect.not.stringContaining(image.manifest.digest),
  ],
])('has the switch %s', async (_name, settings, method, header, value) => {
  const upstream = await standin(settings);
  expect((await fetch(tagUrl(upstream), { method })).headers.get(header)).toEqual(value);
});

test('refuses HEAD when told to, and writes always', async () => {
  const upstream = await standin({ headUnsupported: true });
  expect((await fetch(tagUrl(upstream), { method: 'HEAD' })).status).toBe(405);
  expect((await fetch(tagUrl(upstream))).status).toBe(200);
  expect((await fetch(tagUrl(upstream), { method: 'PUT' })).status).toBe(405);
});

test('redirects manifests to the second origin when told to', async () => {
  const upstream = await standin({ manifestsRedirect: true });
  for (const method of ['GET', 'HEAD']) {
    const answer = await fetch(tagUrl(upstream), { method });
    expect(answer.url.startsWith(upstream.origins.cdn)).toBe(true);
    expect(answer.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  }
  expect(upstream.count({ kind: 'manifest', status: 307 })).toBe(2);
});
