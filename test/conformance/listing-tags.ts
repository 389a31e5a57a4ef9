import { type Exchange, errorOf, type Section } from './exchange.ts';

const path = '/v2/library/alpine/tags/list';
const all = ['3.18', '3.19', '3.20', 'latest'];

function page(query: string, tags: readonly string[], link: string | undefined): Exchange {
  return {
    name: link === undefined ? 'the end' : 'more follows',
    request: `GET ${path}${query}`,
    status: 200,
    answer: { 'content-type': 'application/json', link },
    body: { json: { name: 'library/alpine', tags } },
  };
}

/** distribution-spec §Listing tags. */
export const listingTags: Section = {
  title: 'listing tags',
  exchanges: [
    { ...page('', all, undefined), alsoHead: true },
    page('?n=2', ['3.18', '3.19'], `<${path}?n=2&last=3.19>; rel="next"`),
    page('?n=2&last=3.19', ['3.20', 'latest'], undefined),
    page('?n=4', all, undefined),
    page('?n=1&last=3.19', ['3.20'], `<${path}?n=1&last=3.20>; rel="next"`),
    page('?last=3.19', ['3.20', 'latest'], undefined),
    page('?last=3.185', ['3.19', '3.20', 'latest'], undefined),
    page('?n=2&last=zzz', [], undefined),
    page('?n=0', [], undefined),
    page('?n=0&last=3.18', [], undefined),
    page('?n=3&ns=docker.io', all.slice(0, 3), `<${path}?n=3&last=3.20&ns=docker.io>; rel="next"`),
    ...['-1', 'x', '1.5', '', '99999999999', '0x1'].map((n) => ({
      name: 'no number of entries',
      request: `GET ${path}?n=${n}`,
      status: 400,
      body: errorOf('PAGINATION_NUMBER_INVALID'),
    })),
    {
      name: 'an absent repository',
      request: 'GET /v2/library/no-such-image/tags/list',
      status: 404,
      body: errorOf('NAME_UNKNOWN'),
    },
    {
      name: 'the name and the link are as the client wrote them',
      request: 'GET /v2/docker.io/alpine/tags/list?n=1',
      status: 200,
      answer: { link: '</v2/docker.io/alpine/tags/list?n=1&last=3.18>; rel="next"' },
      body: { json: { name: 'docker.io/alpine', tags: ['3.18'] } },
    },
    {
      name: 'with a prefix before /v2',
      request: 'GET /docker.io/v2/library/alpine/tags/list?n=1',
      status: 200,
      answer: { link: '</docker.io/v2/library/alpine/tags/list?n=1&last=3.18>; rel="next"' },
      body: { json: { name: 'library/alpine', tags: ['3.18'] } },
    },
  ],
};
