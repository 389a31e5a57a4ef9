import { oddName } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

function pull(request: string): Exchange {
  return { name: 'something is pulled', request, status: 200 };
}

function page(request: string, repositories: readonly string[], link?: string): Exchange {
  return {
    name: link === undefined ? 'the end' : 'more follows',
    request: `GET ${request}`,
    status: 200,
    answer: { 'content-type': 'application/json', 'cache-control': 'no-cache, no-transform', link },
    body: { json: { repositories } },
  };
}

const next = (target: string) => `<${target}>; rel="next"`;

/** `_catalog`, as Docker's own registry defines it: what is mirrored, and no more. */
export const catalog: Section = {
  title: 'catalogue',
  exchanges: [
    page('/v2/_catalog', []),
    pull('GET /v2/library/alpine/manifests/3.20'),
    pull(`GET /v2/${oddName}/manifests/latest`),
    pull('GET /v2/ghcr.io/owner/app/manifests/v1'),
    { ...page('/v2/_catalog', ['library/alpine', oddName, 'ghcr.io/owner/app']), alsoHead: true },
    page('/v2/_catalog?n=1', ['library/alpine'], next('/v2/_catalog?n=1&last=library%2Falpine')),
    page(
      '/v2/_catalog?n=1&last=library%2Falpine',
      [oddName],
      next(`/v2/_catalog?n=1&last=${encodeURIComponent(oddName)}`),
    ),
    page(`/v2/_catalog?n=1&last=${encodeURIComponent(oddName)}`, ['ghcr.io/owner/app']),
    page('/v2/_catalog?n=2&last=ghcr.io/owner/app', []),
    page('/v2/_catalog?n=0', []),
    page('/v2/_catalog?ns=ghcr.io', ['owner/app']),
    page('/ghcr.io/v2/_catalog', ['owner/app']),
    page('/v2/ghcr.io/_catalog', ['owner/app']),
    page(
      '/docker.io/v2/_catalog?n=1',
      ['library/alpine'],
      next('/docker.io/v2/_catalog?n=1&last=library%2Falpine'),
    ),
    page('/docker.io/v2/_catalog?n=5&last=library%2Falpine', [oddName]),
    page(
      '/v2/_catalog?ns=docker.io&n=1',
      ['library/alpine'],
      next('/v2/_catalog?n=1&last=library%2Falpine&ns=docker.io'),
    ),
    {
      name: 'no number of entries',
      request: 'GET /v2/_catalog?n=many',
      status: 400,
      body: errorOf('PAGINATION_NUMBER_INVALID'),
    },
    {
      name: 'a registry that is not configured',
      request: 'GET /quay.example/v2/_catalog',
      status: 404,
      body: errorOf('NAME_UNKNOWN'),
    },
  ],
};
