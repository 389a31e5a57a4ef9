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
