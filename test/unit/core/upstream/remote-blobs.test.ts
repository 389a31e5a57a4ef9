import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ByteReader, streamOf } from '../../../../functions/core/bytes/byte-reader.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';
import { openConnections } from '../../../../functions/node/http-client.ts';
import { clientOf, digestFor, failureOf, startScripted } from './scripted-server.ts';

const blob = Buffer.from('0123456789abcdefghij');
const digest = digestFor(blob);
const path = `/v2/a/b/blobs/${digest}`;

async function read(body: ByteReader): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(body)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const chunked = { 'transfer-encoding': 'chunked' };

function partial(from: number, to: number, range = `bytes ${from}-${to}/${blob.length}`) {
  return { status: 206, headers: { 'content-range': range }, body: blob.subarray(from, to + 1) };
}

describe('HEAD blob', () => {
  test('gives the size', async () => {
    await using server = await startScripted({ method: 'HEAD', path, answer: { body: blob } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headBlob(at('a/b'), digest)).toEqual({ kind: 'found', size: 20 });
  });

  test.each([400, 403, 405, 501])('is made up for by GET after %i', async (status) => {
    await using server = await startScripted(
      { method: 'HEAD', path, answer: { status } },
      { method: 'GET', path, answer: { body: Buffer.alloc(100_000) } },
    );
    const { upstream, at, calls } = clientOf(server.url);
    expect(await upstream.headBlob(at('a/b'), digest)).toEqual({ kind: 'found', size: 100_000 });
    server.verify();
    expect(calls.upstreamCalls).toBe(2);
  });

  test('is denied when GET is too', async () => {
    await using server = await startScripted(
      { method: 'HEAD', path, answer: { status: 403 } },
      { method: 'GET', path, answer: { status: 403 } },
    );
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headBlob(at('a/b'), digest)).toEqual({ kind: 'denied' });
  });

  test('a length of 0 is what a server says that leaves out the body', async () => {
    await using server = await startScripted({ method: 'HEAD', path, answer: { body: '' } });
    const { upstream, at } = clientOf(server.url);
    const head = await upstream.headBlob(at('a/b'), digest);
    expect(head).toEqual({ kind: 'found', size: undefined });
  });

  test.each(['sha256', 'sha512'])('the empty blob has a length of 0 (%s)', async (algorithm) => {
    const empty = parseDigest(`${algorithm}:${createHash(algorithm).digest('hex')}`);
    if (empty === undefined) throw new Error('not a digest');
    const emptyPath = `/v2/a/b/blobs/${empty}`;
    await using server = await startScripted({ method: 'HEAD', path: emptyPath });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headBlob(at('a/b'), empty)).toEqual({ kind: 'found', size: 0 });
  });

  test('404 is absent without a GET', async () => {
    await using server = await startScripted({ method: 'HEAD', path, answer: { status: 404 } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headBlob(at('a/b'), digest)).toEqual({ kind: 'absent' });
    server.verify();
  });
});

describe('GET blob', () => {
  test('gives the whole', async () => {
    await using server = await startScripted({
      path,
      needs: { range: undefined },
      answer: { body: blob },
    });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digest, { start: 0 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect([opened.size, await read(opened.body)]).toEqual([20, blob.toString()]);
  });

  test('an empty one too', async () => {
    await using server = await startScripted({ path, answer: { body: '' } });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digest, { start: 0 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect([opened.size, await read(opened.body)]).toEqual([0, '']);
  });

  test('Range goes along a redirect, the rest of what identifies us does not', async () => {
    await using cdn = await startScripted({
      path: '/signed?sig=1',
      needs: { range: 'bytes=5-', authorization: undefined },
      answer: partial(5, 19),
    });
    await using server = await startScripted({
      path,
      answer: { status: 307, headers: { location: `${cdn.url.href}signed?sig=1` } },
    });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digest, { start: 5 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect([opened.size, await read(opened.body)]).toEqual([20, '56789abcdefghij']);
  });

  test.each([
    [{ start: 0, end: 4 }, 'bytes=0-4', partial(0, 4), '01234'],
    [{ start: 15, end: 99 }, 'bytes=15-99', partial(15, 19), 'fghij'],
    [{ start: 5, end: 6 }, 'bytes=5-6', partial(5, 6, 'bytes 5-6/*'), '56'],
    // From here on the upstream ignores Range.
    [{ start: 5 }, 'bytes=5-', { body: blob }, '56789abcdefghij'],
    [{ start: 5, end: 9 }, 'bytes=5-9', { body: blob }, '56789'],
    [{ start: 0, end: 0 }, 'bytes=0-0', { body: blob }, '0'],
    [{ start: 19, end: 99 }, 'bytes=19-99', { body: blob }, 'j'],
    // And states no size.
    [{ start: 5 }, 'bytes=5-', { body: blob, headers: chunked }, '56789abcdefghij'],
    [{ start: 5, end: 9 }, 'bytes=5-9', { body: blob, headers: chunked }, '56789'],
  ])('slice %o', async (slice, range, answer, text) => {
    await using server = await startScripted({ path, needs: { range }, answer });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digest, slice);
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect(await read(opened.body)).toBe(text);
  });

  test.each(['gzip', 'x-gzip', 'aws-chunked'])(
    'a Content-Encoding of %s on bytes that are not encoded is ignored',
    async (encoding) => {
      const answer = { body: blob, headers: { 'content-encoding': encoding } };
      await using server = await startScripted({ path, answer });
      const connections = openConnections({});
      const { upstream, at } = clientOf(server.url, { fetch: connections.fetch });
      const opened = await upstream.openBlob(at('a/b'), digest, { start: 0 });
      if (opened.kind !== 'found') throw new Error(opened.kind);
      expect(await read(opened.body)).toBe(blob.toString());
      await connections.close();
    },
  );

  test.each([
    ['another start', { start: 5 }, partial(4, 19)],
    ['another end', { start: 5 }, partial(5, 18)],
    ['more than asked', { start: 5, end: 6 }, partial(5, 7)],
    ['no Content-Range', { start: 5 }, partial(5, 19, '')],
    ['a part of the whole', { start: 0 }, partial(0, 19)],
    ['416', { start: 50 }, { status: 416 }],
    ['a start beyond the blob', { start: 20 }, { body: blob }],
  ])('%s is invalid', async (_case, slice, answer) => {
    await using server = await startScripted({ path, answer });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.openBlob(at('a/b'), digest, slice));
    expect(failure.kind).toBe('invalid');
  });

  test.each([
    ['cut', 'unreachable'],
    ['stall', 'timeout'],
  ] as const)('a body that ends in a %s errors with %s', async (by, kind) => {
    await using server = await startScripted({
      path,
      answer: { body: blob, broken: { after: 8, by } },
    });
    const { upstream, at } = clientOf(server.url, { stallTimeout: 100 });
    const opened = await upstream.openBlob(at('a/b'), digest, { start: 0 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    const reader = opened.body;
    const first = await reader.read();
    expect(Buffer.from(first.value ?? []).toString()).toBe('01234567');
    expect((await failureOf(reader.read())).kind).toBe(kind);
  });

  test('fewer bytes than the range said are an error', async () => {
    await using server = await startScripted({
      path,
      answer: {
        status: 206,
        headers: { 'content-range': 'bytes 5-19/20', 'transfer-encoding': 'chunked' },
        body: '567',
      },
    });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digest, { start: 5 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect((await failureOf(read(opened.body))).kind).toBe('unreachable');
  });

  test('a 403 of the place redirected to says nothing of the repository', async () => {
    await using cdn = await startScripted({ path: '/x', answer: { status: 403 } });
    await using server = await startScripted({
      path,
      answer: { status: 307, headers: { location: `${cdn.url.href}x` } },
    });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.openBlob(at('a/b'), digest, { start: 0 }));
    expect([failure.kind, failure.status]).toEqual(['unavailable', 403]);
  });
});

describe('locating a blob', () => {
  test('gives the first redirect that leaves the registry', async () => {
    await using server = await startScripted(
      { path, answer: { status: 302, headers: { location: '/near' } } },
      { path: '/near', answer: { status: 307, headers: { location: '//cdn.example/x?sig=1#f' } } },
    );
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.locateBlob(at('a/b'), digest)).toEqual({
      kind: 'redirect',
      url: 'http://cdn.example/x?sig=1',
    });
    server.verify();
  });

  test('says when the registry serves it itself, and leaves the body', async () => {
    await using server = await startScripted({ path, answer: { body: Buffer.alloc(50_000_000) } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.locateBlob(at('a/b'), digest)).toEqual({ kind: 'direct' });
  });

  test.each([
    [404, 'absent'],
    [403, 'denied'],
  ])('%i is %s', async (status, kind) => {
    await using server = await startScripted({ path, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.locateBlob(at('a/b'), digest)).toEqual({ kind });
  });
});

describe('GET where the upstream redirected to before', () => {
  test('gives the slice, and sends nobody’s credentials there', async () => {
    await using cdn = await startScripted({
      path: '/kept?signature=1',
      needs: { range: 'bytes=5-9', authorization: undefined },
      answer: partial(5, 9),
    });
    const { upstream, at } = clientOf(new URL('http://127.0.0.1:1'), {
      credentials: { username: 'me', password: 'secret' },
    });
    const place = new URL('/kept?signature=1', cdn.url).href;
    const opening = await upstream.openLocated(at('a/b'), place, { start: 5, end: 9 });
    if (opening.kind !== 'found') throw new Error(opening.kind);
    expect(await read(opening.body)).toBe('56789');
    expect(opening.size).toBe(20);
    cdn.verify();
  });

  test.each([400, 401, 403, 404, 410, 500])('%i is a failure, not a refusal', async (status) => {
    await using cdn = await startScripted({ path: '/kept', answer: { status } });
    const { upstream, at } = clientOf(new URL('http://127.0.0.1:1'));
    const opening = upstream.openLocated(at('a/b'), new URL('/kept', cdn.url).href, { start: 0 });
    expect(await failureOf(opening)).toMatchObject({ kind: 'unavailable', status });
  });

  test.each(['http://127.0.0.1/x', 'file:///etc/passwd', 'https://a:b@c/', 'nonsense'])(
    'a kept place that no answer could have named is refused: %s',
    async (place) => {
      const { upstream, at, calls } = clientOf(new URL('https://127.0.0.1:1'));
      const opening = upstream.openLocated(at('a/b'), place, { start: 0 });
      expect(await failureOf(opening)).toMatchObject({ kind: 'invalid' });
      expect(calls.upstreamCalls).toBe(0);
    },
  );
});
