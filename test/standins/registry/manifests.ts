import type { Content } from '../images/content.ts';
import { isIndex } from '../images/media-type.ts';
import { refusal } from './access.ts';
import type { Exchange } from './exchange.ts';
import { errorReply, type Reply, type ReplyHeaders, redirectReply } from './reply.ts';
import type { Repository } from './repositories.ts';

const otherDigest = `sha256:${'e'.repeat(64)}`;

/** GET and HEAD of a manifest by tag or digest (distribution-spec §Pulling manifests). */
export function manifestReply(exchange: Exchange, name: string, reference: string): Reply {
  const { settings, repositories, request } = exchange;
  const refused = refusal(exchange, name);
  if (refused !== undefined) return refused;
  const method = request.method ?? 'GET';
  if (method === 'HEAD' && settings.headUnsupported) {
    return errorReply(405, 'UNSUPPORTED', 'method not allowed', { allow: 'GET' });
  }
  const repository = repositories.get(name);
  if (repository === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository not known');
  const manifest = choose(repository, reference, settings.negotiate, request.headers.accept);
  if (manifest === undefined) return errorReply(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  const limited = limit(exchange, method);
  if (limited.refused !== undefined) return limited.refused;
  if (settings.manifestsRedirect) {
    const path = `/manifests/${name}/${reference}`;
    const seconds = settings.signedUrlSeconds;
    const url = exchange.signedUrls.sign(exchange.origins.cdn, path, method, seconds);
    return redirectReply(settings.redirectStatus, url);
  }
  return deliver(exchange, manifest, reference, limited.headers);
}

/** A manifest with its headers, at whichever origin; `extra` are added. */
export function deliver(
  exchange: Exchange,
  manifest: Content,
  reference: string,
  extra: ReplyHeaders = {},
): Reply {
  const { settings, request } = exchange;
  const etag = `"${manifest.digest}"`;
  const headers: ReplyHeaders = {
    'content-type': settings.contentType ?? manifest.mediaType,
    'docker-distribution-api-version': 'registry/2.0',
    etag,
    ...extra,
  };
  if (settings.digestHeader) {
    const lie =
      settings.wrongDigestHeader ||
      (settings.headMismatch && request.method === 'HEAD' && !reference.includes(':'));
    headers['docker-content-digest'] = lie ? otherDigest : manifest.digest;
  }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers };
  return { status: 200, headers, body: manifest.bytes };
}

/** The manifest a reference stands for: a digest exactly, a tag as far as Accept allows. */
export function choose(
  repository: Repository,
  reference: string,
  negotiate: boolean,
  accept: string | undefined,
): Content | undefined {
  if (reference.includes(':')) return repository.manifests.get(reference);
  const tagged = repository.manifests.get(repository.tags.get(reference) ?? '');
  if (tagged === undefined || !negotiate || !isIndex(tagged.mediaType)) return tagged;
  if (accept?.includes(tagged.mediaType) || accept?.includes('*/*')) return tagged;
  const index: { manifests: { digest: string; platform?: { architecture: string } }[] } =
    JSON.parse(Buffer.from(tagged.bytes).toString());
  const child = index.manifests.find((one) => one.platform?.architecture === 'amd64');
  return repository.manifests.get(child?.digest ?? '');
}

function limit(exchange: Exchange, method: string): { headers: ReplyHeaders; refused?: Reply } {
  const { settings, pulls, tokens, request } = exchange;
  if (settings.pullLimit === undefined) return { headers: {} };
  const account = tokens.grant(request.headers.authorization)?.account;
  const address = request.socket.remoteAddress ?? 'unknown';
  return pulls.meet(settings.pullLimit, { account, address }, method);
}
