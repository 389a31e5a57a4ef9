import { oci } from '../images/media-type.ts';
import { refusal } from './access.ts';
import type { Exchange } from './exchange.ts';
import { errorReply, jsonReply, type Reply, redirectReply, textReply } from './reply.ts';
import { referrersOf } from './repositories.ts';
import { nextLink } from './tags.ts';

/** The referrers API (distribution-spec §Listing Referrers), or what registries without it do. */
export function referrersReply(exchange: Exchange, name: string, digest: string): Reply {
  const { settings, repositories, origins, url } = exchange;
  if (settings.referrers === 'none') return textReply(404, '404 page not found\n');
  if (settings.referrers === 'html') return redirectReply(303, `${origins.cdn}/web/${name}`);
  const refused = refusal(exchange, name);
  if (refused !== undefined) return refused;
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
    return errorReply(400, 'DIGEST_INVALID', 'provided digest is invalid');
  }
  const repository = repositories.get(name);
  if (repository === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository not known');
  const type = settings.referrersFilter ? url.searchParams.get('artifactType') : null;
  const all = referrersOf(repository, digest).filter(
    (one) => type === null || one.artifactType === type,
  );
  const from = Number(url.searchParams.get('from') ?? '0');
  const to = from + (settings.referrersPageSize ?? all.length);
  const next: { [name: string]: string } = { from: String(to) };
  if (type !== null) next.artifactType = type;
  return jsonReply(
    200,
    { schemaVersion: 2, mediaType: oci.index, manifests: all.slice(from, to) },
    {
      'content-type': oci.index,
      ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(to < all.length ? { link: nextLink(exchange, next) } : {}),
    },
  );
}
