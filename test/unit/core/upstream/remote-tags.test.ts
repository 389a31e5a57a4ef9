import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextLink } from '../../../../functions/core/headers/link.ts';
import { clientOf, failureOf, startScripted } from './scripted-server.ts';

const path = '/v2/a/b/tags/list';

function page(tags: unknown, link?: string) {
  return {
    body: JSON.stringify({ name: 'a/b', tags }),
    ...(link !== undefined && { headers: { link: `<${link}>; rel="next"` } }),
  };
}

describe('tags', () => {
  test('are read over all pages, ordered, once each', async () => {
    await using server = await startScripted();
    server.expect(
      { path: `${path}?n=1000`, answer: page(['b', 'a'], `${path}?n=1000&last=b`) },
      // A registry behind a proxy that does not know its own scheme and port.
      {
        path: `${path}?n=1000&last=b`,
        answer: page(['b', 'Z', 'not a tag', 7], `https://127.0.0.1${path}?next_page=x`),
      },
      { path: `${path}?next_page=x`, answer: page(null) },
    );
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listTags(at('a/b'));
    expect(listed).toEqual({ kind: 'found', tags: ['Z', 'a', 'b'] });
    server.verify();
  });

  test('stay at the registry when a page came from elsewhere', async () => {
    await using away = await startScripted({
      path: '/far',
      answer: page(['1'], '/v2/inner/a/b/tags/list?last=1'),
    });
    await using server = await startScripted(
      {
        path: `${path}?n=1000`,
        answer: { status: 307, headers: { location: `${away.url.href}far` } },
      },
      { path: `${path}?last=1`, answer: page(['2']) },
    );
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'found', tags: ['1', '2'] });
    server.verify();
  });

  test.each([
    ['another host', page(['a'], `http://localhost${path}?last=a`)],
    ['the same page again', page(['a'], `${path}?n=1000`)],
    ['no list', { body: '{"tags":"a"}' }],
    ['no JSON', { body: '<html>' }],
  ])('%s is invalid', async (_case, answer) => {
    await using server = await startScripted({ path: `${path}?n=1000`, answer });
    const { upstream, at } = clientOf(server.url);
    expect((await failureOf(upstream.listTags(at('a/b')))).kind).toBe('invalid');
    server.verify();
  });

  test.each([401, 403])('are not denied by a %i of another host', async (status) => {
    await using away = await startScripted({ path: '/far', answer: { status } });
    await using server = await startScripted({
      path: `${path}?n=1000`,
      answer: { status: 307, headers: { location: `${away.url.href}far` } },
    });
    const { upstream, at } = clientOf(server.url);
    expect(await failureOf(upstream.listTags(at('a/b')))).toMatchObject({
      kind: 'unavailable',
      status,
    });
  });

  test('pages without end are invalid', async () => {
    let asked = 0;
    const { upstream, at } = clientOf(new URL('http://registry.example'), {
      fetch: async () => {
        asked += 1;
        const { body, headers } = page([`t${asked}`], `${path}?last=${asked}`);
        return new Response(body, { ...(headers && { headers }) });
      },
    });
    expect((await failureOf(upstream.listTags(at('a/b')))).kind).toBe('invalid');
    expect(asked).toBe(200);
  });
});

test('the next link is found among others', () => {
  const target = fc.webUrl({ withQueryParameters: true }).filter((url) => !/[<>]/.test(url));
  const rel = fc.constantFrom('prev', 'last', 'nextish', 'first');
  const other = fc.tuple(target, rel).map(([url, name]) => `<${url}>; rel="${name}"`);
  const form = fc.constantFrom('rel="next"', 'rel=next', 'REL="next"', 'title="a"; rel="up next"');
  fc.assert(
    fc.property(fc.array(other), target, form, fc.array(other), (before, url, next, after) => {
      const header = [...before, `<${url}>; ${next}`, ...after].join(', ');
      expect(nextLink(header)).toBe(url);
      expect(nextLink([...before, ...after].join(', '))).toBeUndefined();
    }),
  );
});
