import { describe, expect, test } from 'vitest';
import { signatureOf } from '../images/attestation.ts';
import { image, standin, tagUrl } from './standin.ts';

describe('tags', () => {
  const list = (query: string): string => `/v2/library/app/tags/list${query}`;

  test.each([
    ['', ['1', '2', 'B', 'a'], null],
    ['?n=2', ['1', '2'], list('?last=2&n=2')],
    ['?n=4', ['1', '2', 'B', 'a'], null],
    ['?last=2', ['B', 'a'], null],
    ['?n=0', [], null],
  ])('list with %j', async (query, tags, next) => {
    const upstream = await standin();
    for (const tag of ['a', 'B', '2']) upstream.tag('library/app', tag, image.manifest.digest);
    const answer = await fetch(`${upstream.url}${list(query)}`);
    expect(await answer.json()).toEqual({ name: 'library/app', tags });
    expect(answer.headers.get('link')).toBe(next === null ? null : `<${next}>; rel="next"`);
  });

  test('come in pages of the set size, with absolute links when told to', async () => {
    const upstream = await standin({ tagsPageSize: 1, links: 'absolute' });
    upstream.tag('library/app', '2', image.manifest.digest);
    const answer = await fetch(`${upstream.url}${list('?n=5')}`);
    expect(await answer.json()).toMatchObject({ tags: ['1'] });
    expect(answer.headers.get('link')).toBe(`<${upstream.url}${list('?last=1&n=1')}>; rel="next"`);
  });

  test('refuse a bad number; the catalogue is not there', async () => {
    const upstream = await standin();
    expect((await fetch(`${upstream.url}${list('?n=x')}`)).status).toBe(400);
    expect((await fetch(`${upstream.url}/v2/_catalog`)).status).toBe(404);
  });
});

describe('referrers', () => {
  const subject = image.manifest;
  const path = `/v2/library/app/referrers/${subject.digest}`;
  const first = signatureOf(subject, 'application/x-first');
  const second = signatureOf(subject, 'application/x-second');

  test('are listed, filtered and counted in pages', async () => {
    const upstream = await standin();
    upstream.add('library/app', first);
    upstream.add('library/app', second);
    const all = await fetch(`${upstream.url}${path}`);
    expect(all.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(all.headers.get('oci-filters-applied')).toBeNull();
    const { mediaType, digest, size } = first.manifest;
    expect(await all.json()).toMatchObject({
      manifests: [
        { mediaType, digest, size, artifactType: 'application/x-first' },
        { digest: second.manifest.digest },
      ],
    });
    const query = '?artifactType=application/x-second';
    const filtered = await fetch(`${upstream.url}${path}${query}`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await filtered.json()).toMatchObject({
      manifests: [{ digest: second.manifest.digest }],
    });
    upstream.set({ referrersFilter: false, referrersPageSize: 1 });
    const page = await fetch(`${upstream.url}${path}${query}`);
    expect(page.headers.get('oci-filters-applied')).toBeNull();
    expect(page.headers.get('link')).toBe(`<${path}?from=1>; rel="next"`);
  });

  test('of an unknown digest are none; a bad digest is refused', async () => {
    const upstream = await standin();
    upstream.add('library/app', first);
    const other = `${upstream.url}/v2/library/app/referrers/sha256:${'0'.repeat(64)}`;
    expect(await (await fetch(other)).json()).toMatchObject({ manifests: [] });
    expect((await fetch(`${upstream.url}/v2/library/app/referrers/x:y`)).status).toBe(400);
  });

  test('can be missing, with the fallback tag instead', async () => {
    const upstream = await standin({ referrers: 'none' });
    upstream.add('library/app', first);
    upstream.tagReferrers('library/app', subject.digest);
    expect((await fetch(`${upstream.url}${path}`)).status).toBe(404);
    const tag = await fetch(tagUrl(upstream, subject.digest.replace(':', '-')));
    expect(await tag.json()).toMatchObject({ manifests: [{ digest: first.manifest.digest }] });
  });

  test('can be a web page', async () => {
    const upstream = await standin({ referrers: 'html' });
    expect((await fetch(`${upstream.url}${path}`, { redirect: 'manual' })).status).toBe(303);
    const page = await fetch(`${upstream.url}${path}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });
});
