import { blobBody } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { choose, deliver } from './manifests.ts';
import { type Reply, textReply } from './reply.ts';

/** The second origin: an object store's signed URLs, its XML errors, and a web page. */
export function cdnReply(exchange: Exchange): Reply {
  const { url, request, repositories, signedUrls } = exchange;
  if (url.pathname.startsWith('/web/')) {
    return textReply(200, '<!doctype html><title>Package</title>', 'text/html; charset=utf-8');
  }
  if (request.headers.authorization !== undefined) {
    return xmlReply(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  }
  const signature = signedUrls.check(url, request.method ?? 'GET');
  if (signature === 'wrong') {
    return xmlReply(403, 'SignatureDoesNotMatch', 'The signature does not match');
  }
  if (signature === 'expired') return xmlReply(403, 'AccessDenied', 'Request has expired');
  const [, algorithm, hex] = /^\/blobs\/([^/]+)\/([^/]+)\/data$/.exec(url.pathname) ?? [];
  const blob = hex === undefined ? undefined : repositories.find(`${algorithm}:${hex}`);
  if (blob !== undefined) return blobBody(exchange, blob, {});
  const [, name, reference] = /^\/manifests\/(.+)\/([^/]+)$/.exec(url.pathname) ?? [];
  const repository = repositories.get(name ?? '');
  const manifest =
    repository === undefined || reference === undefined
      ? undefined
      : choose(repository, reference, false, undefined);
  if (manifest === undefined || reference === undefined) {
    return xmlReply(404, 'NoSuchKey', 'The specified key does not exist.');
  }
  return deliver(exchange, manifest, reference);
}

function xmlReply(status: number, code: string, message: string): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return textReply(status, body, 'application/xml');
}
