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
  test('are read page by page, in the order of the registry', async () => {
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
    expect(await upstream.listTags(at('a/b'))).toEqual({
      kind: 'found',
      tags: ['b', 'a'],
      next: '?n=1000&last=b',
    });
    expect(await upstream.listTags(at('a/b'), { next: '?n=1000&last=b' })).toEqual({
      kind: 'found',
      tags: ['b', 'Z'],
      next: '?next_page=x',
    });
    const end = await upstream.listTags(at('a/b'), { next: '?next_page=x' });
    expect(end).toEqual({ kind: 'found', tags: [], next: undefined });
    server.verify();
  });

  test('begin after a tag', async () => {
    await using server = await startScripted({
      path: `${path}?n=1000&last=b`,
      answer: page(['c']),
    });
    const { upstream, at } = clientOf(server.url);
    const listed = await upstream.listTags(at('a/b'), { last: 'b' });
    expect(listed).toEqual({ kind: 'found', tags: ['c'] });
    server.verify();
  });

  test.each([400, 405, 413, 416, 422])(
    'are asked for with a smaller n after %i',
    async (status) => {
      await using server = await startScripted(
        { path: `${path}?n=1000`, answer: { status } },
        { path: `${path}?n=100`, answer: page(['a']) },
        { path: `${path}?n=100&last=a`, answer: page(['b']) },
      );
      const { upstream, at } = clientOf(server.url);
      expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'found', tags: ['a'] });
      expect(await upstream.listTags(at('a/b'), { last: 'a' })).toMatchObject({ tags: ['b'] });
      server.verify();
    },
  );

  test('are asked for without n where the registry refuses each', async () => {
    await using server = await startScripted(
      { path: `${path}?n=1000`, answer: { status: 400 } },
      { path: `${path}?n=100`, answer: { status: 400 } },
      { path, answer: page(['a']) },
      { path: `${path}?last=a`, answer: { status: 400 } },
    );
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'found', tags: ['a'] });
    const failure = await failureOf(upstream.listTags(at('a/b'), { last: 'a' }));
    expect(failure.kind).toBe('unavailable');
    server.verify();
  });

  test.each([404, 429, 503])('are asked for once when the answer is %i', async (status) => {
    await using server = await startScripted({ path: `${path}?n=1000`, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    await upstream.listTags(at('a/b')).catch(() => undefined);
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
    const { next = '' } = { ...(await upstream.listTags(at('a/b'))) } as { next?: string };
    expect(next).toBe('?last=1');
    expect(await upstream.listTags(at('a/b'), { next })).toEqual({ kind: 'found', tags: ['2'] });
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
