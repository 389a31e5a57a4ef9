import { describe, expect, test } from 'vitest';
import { mediaType } from '../../../../functions/core/oci/media-type.ts';
import { clientOf, digestFor, failureOf, startScripted } from './scripted-server.ts';

const subject = digestFor('subject');
const path = `/v2/a/b/referrers/${subject}`;
const headers = { 'content-type': mediaType.ociIndex };

function descriptor(content: string) {
  return { mediaType: mediaType.ociManifest, digest: digestFor(content), size: content.length };
}

function index(manifests: unknown) {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
}

describe('referrers', () => {
  test('are read over all pages', async () => {
    await using server = await startScripted(
      {
        path,
        answer: {
          headers: { ...headers, link: `<${path}?last=1>; rel="next"` },
          body: index([descriptor('one')]),
        },
      },
      { path: `${path}?last=1`, answer: { headers, body: index([descriptor('two')]) } },
    );
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listReferrers(at('a/b'), subject);
    expect(listed).toEqual({ kind: 'found', manifests: [descriptor('one'), descriptor('two')] });
    server.verify();
  });

  test.each(['application/json', 'text/plain; charset=utf-8', undefined])(
    'are read from a list of the type %s, with all that it says of them',
    async (type) => {
      const entry = {
        ...descriptor('one'),
        annotations: { a: 'b' },
        platform: { os: 'linux', architecture: 'arm64' },
        data: 'e30=',
      };
      const body = JSON.stringify({ manifests: [entry], annotations: { source: 'up' } });
      const headers = type === undefined ? {} : { 'content-type': type };
      await using server = await startScripted({ path, answer: { headers, body } });
      const { upstream, at } = clientOf(server.url);
      const listed = await upstream.listReferrers(at('a/b'), subject);
      expect(listed).toEqual({
        kind: 'found',
        manifests: [entry],
        annotations: { source: 'up' },
      });
    },
  );

  test('are bounded by their bytes, not by their pages', async () => {
    let asked = 0;
    const pages = 120;
    const { upstream, at } = clientOf(new URL('http://registry.example'), {
      fetch: async () => {
        asked += 1;
        const link = asked < pages ? { link: `<${path}?last=${asked}>; rel="next"` } : {};
        return new Response(index([descriptor(`r${asked}`)]), { headers: { ...headers, ...link } });
      },
    });
    expect(await upstream.listReferrers(at('a/b'), subject)).toMatchObject({ kind: 'found' });
    expect(asked).toBe(pages);
    const long = index([{ ...descriptor('long'), annotations: { a: 'x'.repeat(3_000_000) } }]);
    const endless = clientOf(new URL('http://registry.example'), {
      fetch: async () => {
        asked += 1;
        const link = `<${path}?last=${asked}>; rel="next"`;
        return new Response(long, { headers: { ...headers, link } });
      },
    });
    const failure = await failureOf(endless.upstream.listReferrers(at('a/b'), subject));
    expect(failure.kind).toBe('invalid');
    expect(asked).toBe(pages + 3);
  });

  test.each([
    ['empty pages', 0, 21],
    ['very many entries', 4_000, 3],
  ])('end an endless list of %s', async (_, entries, pages) => {
    const body = index(Array.from({ length: entries }, () => descriptor('same')));
    let asked = 0;
    const { upstream, at } = clientOf(new URL('http://registry.example'), {
      fetch: async () => {
        asked += 1;
        const link = `<${path}?last=${asked}>; rel="next"`;
        return new Response(body, { headers: { ...headers, link } });
      },
    });
    const failure = await failureOf(upstream.listReferrers(at('a/b'), subject));
    expect(failure.kind).toBe('invalid');
    expect(asked).toBe(pages);
  });

  test('end a list that takes too long', async () => {
    let now = 0;
    const { upstream, at } = clientOf(new URL('http://registry.example'), {
      now: () => now,
      fetch: async () => {
        now += 5_000;
        const link = `<${path}?last=${now}>; rel="next"`;
        return new Response(index([descriptor('one')]), { headers: { ...headers, link } });
      },
    });
    const failure = await failureOf(upstream.listReferrers(at('a/b'), subject));
    expect(failure.kind).toBe('timeout');
    expect(now).toBe(20_000);
  });

  test('none at all are found', async () => {
    await using server = await startScripted({ path, answer: { headers, body: index(null) } });
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listReferrers(at('a/b'), subject);
    expect(listed).toEqual({ kind: 'found', manifests: [] });
  });

  test('the web page of ghcr.io is unsupported and not fetched', async () => {
    await using web = await startScripted();
    await using server = await startScripted({
      path,
      answer: { status: 303, headers: { location: `${web.url.href}page` } },
    });
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listReferrers(at('a/b'), subject);
    expect(listed).toEqual({ kind: 'unsupported' });
    expect(web.seen).toEqual([]);
  });

  test('a redirect to a web page is unsupported', async () => {
    await using web = await startScripted({
      path: '/page',
      answer: { headers: { 'content-type': 'text/html' }, body: '<html>' },
    });
    await using server = await startScripted({
      path,
      answer: { status: 302, headers: { location: `${web.url.href}page` } },
    });
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listReferrers(at('a/b'), subject);
    expect(listed).toEqual({ kind: 'unsupported' });
  });

  test.each([
    { status: 400 },
    { status: 401 },
    { status: 403 },
    { status: 404 },
    { status: 405 },
    { status: 406 },
    { status: 501 },
    { body: '{}', headers: { 'content-type': 'application/json' } },
    { body: '{}', headers },
  ])('%o is unsupported', async (answer) => {
    await using server = await startScripted({ path, answer });
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listReferrers(at('a/b'), subject);
    expect(listed).toEqual({ kind: 'unsupported' });
  });

  test.each([
    [429, 'limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('%i is %s', async (status, kind) => {
    await using server = await startScripted({ path, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.listReferrers(at('a/b'), subject));
    expect(failure.kind).toBe(kind);
  });
});
