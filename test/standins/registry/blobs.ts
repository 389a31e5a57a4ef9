import type { Stored } from '../images/content.ts';
import { refusal } from './access.ts';
import type { Exchange } from './exchange.ts';
import { errorReply, type Reply, type ReplyHeaders, redirectReply } from './reply.ts';

/** GET and HEAD of a blob: redirected to the second origin or answered here. */
export function blobReply(exchange: Exchange, name: string, digest: string): Reply {
  const { settings, repositories, request } = exchange;
  const refused = refusal(exchange, name);
  if (refused !== undefined) return refused;
  const repository = repositories.get(name);
  if (repository === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository not known');
  const blob = repository.blobs.get(digest);
  if (blob === undefined) return errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  const method = request.method ?? 'GET';
  const here = settings.blobs === 'stream' || (method === 'HEAD' && settings.blobHead === 'answer');
  if (!here) {
    const signedFor = settings.blobHead === 'signed-for-get' ? 'GET' : method;
    const path = `/blobs/${digest.replace(':', '/')}/data`;
    const seconds = settings.signedUrlSeconds;
    const origin = settings.blobsAt ?? exchange.origins.cdn;
    const url = exchange.signedUrls.sign(origin, path, signedFor, seconds);
    return redirectReply(settings.redirectStatus, url);
  }
  const headers: ReplyHeaders = {
    'docker-distribution-api-version': 'registry/2.0',
    'cache-control': 'max-age=31536000',
  };
  if (settings.digestHeader) {
    headers['docker-content-digest'] = settings.wrongDigestHeader
      ? `sha256:${'e'.repeat(64)}`
      : digest;
  }
  return blobBody(exchange, blob, headers);
}

/** The bytes of a blob with ETag, conditional GET and ranges, at whichever origin. */
export function blobBody(exchange: Exchange, blob: Stored, extra: ReplyHeaders): Reply {
  const etag = `"${blob.digest}"`;
  const headers = { 'content-type': 'application/octet-stream', etag, ...extra };
  if (exchange.request.headers['if-none-match'] === etag) return { status: 304, headers };
  const condition = exchange.request.headers['if-range'];
  const ranges = condition === undefined || condition === etag;
  return { status: 200, headers: { ...headers, 'accept-ranges': 'bytes' }, body: blob, ranges };
}
