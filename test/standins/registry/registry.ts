import { refusal } from './access.ts';
import { blobReply } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { manifestReply } from './manifests.ts';
import { referrersReply } from './referrers.ts';
import { errorReply, jsonReply, type Reply } from './reply.ts';
import type { Route } from './route.ts';
import { tagsReply } from './tags.ts';

/** The first origin: the read path of the registry's API, and the token service if it lives here. */
export function registryReply(exchange: Exchange, route: Route): Reply {
  const reply = answer(exchange, route);
  return { ...reply, headers: { ...reply.headers, ...exchange.settings.responseHeaders } };
}

function answer(exchange: Exchange, route: Route): Reply {
  if (exchange.request.method !== 'GET' && exchange.request.method !== 'HEAD') {
    return errorReply(405, 'UNSUPPORTED', 'read only', { allow: 'GET, HEAD' });
  }
  switch (route.kind) {
    case 'token':
      return tokenReply(exchange);
    case 'ping':
      return (
        refusal(exchange, undefined) ??
        jsonReply(200, {}, { 'docker-distribution-api-version': 'registry/2.0' })
      );
    case 'manifest':
      return manifestReply(exchange, route.repository, route.reference);
    case 'blob':
      return blobReply(exchange, route.repository, route.reference);
    case 'tags':
      return tagsReply(exchange, route.repository);
    case 'referrers':
      return referrersReply(exchange, route.repository, route.reference);
    case 'catalog':
    case 'other':
      return errorReply(404, 'UNSUPPORTED', 'not found');
  }
}

/** The token service's answer to this request. */
export function tokenReply(exchange: Exchange): Reply {
  const { authorization } = exchange.request.headers;
  const reply = exchange.tokens.issue(exchange.url.searchParams, authorization);
  exchange.record.authorized = authorization !== undefined && reply.status === 200;
  return reply;
}
