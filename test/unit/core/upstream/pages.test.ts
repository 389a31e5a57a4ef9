import { expect, test } from 'vitest';
import { listPages, nextPage } from '../../../../functions/core/upstream/pages.ts';

const list = new URL('https://registry.example/v2/a/tags/list?n=2');

const answer = (link: string | undefined, url = list) => ({
  kind: 'answer',
  url,
  response: new Response(null, link === undefined ? {} : { headers: { link } }),
});
const next = (link: string | undefined, current = list, at = list) =>
  nextPage('tags', list, current, answer(link, at) as never)?.href;

test.each([
  ['no link', undefined, undefined],
  ['another link', '</x?last=b>; rel="prev"', undefined],
  ['a path', '</v2/a/tags/list?last=b&n=2>; rel="next"', 'last=b&n=2'],
  ['a query', '<?last=b>; rel=next', 'last=b'],
  ['another path', '</internal/a?last=b>; rel="next"', 'last=b'],
  ['plain http', '<http://registry.example/v2/a/tags/list?last=b>; rel="next"', 'last=b'],
])('%s: only its query is used', (_, link, query) => {
  expect(next(link)).toBe(query && `https://registry.example/v2/a/tags/list?${query}`);
});

test('a link to the host that answered is followed at the registry', () => {
  const elsewhere = new URL('https://other.example/list');
  const link = '<https://other.example/list?last=b>; rel="next"';
  expect(next(link, list, elsewhere)).toBe('https://registry.example/v2/a/tags/list?last=b');
});

test.each([
  ['another host', '<https://evil.example/?last=b>; rel="next"'],
  ['the same page', '<?n=2>; rel="next"'],
  ['no URL', '<http://[>; rel="next"'],
])('%s is not followed', (_, link) => {
  expect(() => next(link)).toThrow('tags: a link to the next page that must not be followed');
});

function session(links: readonly (string | undefined | 'denied')[]) {
  const urls: string[] = [];
  const exchange = async ({ url }: { url: URL }) => {
    const link = links[urls.length];
    urls.push(url.search);
    return link === 'denied' ? { kind: 'denied' } : answer(link, url);
  };
  return { urls, session: { connection: { registry: 'x' }, exchange } as never };
}

async function readAll(links: readonly (string | undefined)[], most: number) {
  const { urls, session: one } = session(links);
  const request = { purpose: 'tags', remote: { name: 'a' }, url: list } as never;
  for await (const page of listPages(one, request, most)) void page;
  return urls;
}

const link = (last: string) => `<?last=${last}>; rel="next"`;

test('pages are requested one after another, until there is no link', async () => {
  expect(await readAll([link('a'), link('b'), undefined], 3)).toEqual([
    '?n=2',
    '?last=a',
    '?last=b',
  ]);
});

test('a refusal is the last page', async () => {
  expect(await readAll([link('a'), 'denied'], 3)).toEqual(['?n=2', '?last=a']);
});

test('more pages than allowed are an error', async () => {
  await expect(readAll([link('a'), link('b'), undefined], 2)).rejects.toThrow('more than 2 pages');
});
