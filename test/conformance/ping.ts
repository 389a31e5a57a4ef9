import { errorOf, type Section } from './exchange.ts';

const answer = { 'content-type': 'application/json', 'content-length': '2' };

/** distribution-spec §Determining support. */
export const ping: Section = {
  title: 'ping',
  exchanges: [
    { name: 'is 200', request: 'GET /v2/', status: 200, answer, body: '{}', alsoHead: true },
    { name: 'needs no slash', request: 'GET /v2', status: 200, answer, body: '{}' },
    {
      name: 'never asks for a login, whatever is offered',
      request: 'GET /v2/',
      headers: { authorization: 'Basic bWU6c2VjcmV0' },
      status: 200,
      body: '{}',
    },
    { name: 'with a prefix', request: 'GET /ghcr.io/v2/', status: 200, answer, body: '{}' },
    { name: 'with a prefix, no slash', request: 'GET /ghcr.io/v2', status: 200, body: '{}' },
    {
      name: 'with ns',
      request: 'GET /v2/?ns=ghcr.io',
      status: 200,
      answer: { 'oci-namespace': 'ghcr.io' },
      body: '{}',
    },
    {
      name: 'a prefix that is not configured',
      request: 'GET /quay.example/v2/',
      status: 404,
      body: errorOf('NAME_UNKNOWN'),
    },
  ],
};

/** A ping says that the mirror is there, whatever the upstreams do. */
export const pingWhileDown: Section = {
  title: 'ping',
  situation: 'down',
  exchanges: [{ name: 'is 200', request: 'GET /v2/', status: 200, answer, body: '{}' }],
};
