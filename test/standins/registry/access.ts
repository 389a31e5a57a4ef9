import type { Exchange } from './exchange.ts';
import { errorReply, type Reply } from './reply.ts';
import { serviceName } from './token-service.ts';

/** The 401 for a request that may not read, or undefined for one that may. */
export function refusal(exchange: Exchange, repository: string | undefined): Reply | undefined {
  const { settings, tokens, record } = exchange;
  if (settings.auth === 'none') return undefined;
  const authorization = exchange.request.headers.authorization;
  const grant = tokens.grant(authorization);
  record.authorized = grant !== undefined;
  if (grant !== undefined && (repository === undefined || grant.repositories.has(repository))) {
    return undefined;
  }
  const error =
    authorization === undefined
      ? undefined
      : grant === undefined
        ? 'invalid_token'
        : 'insufficient_scope';
  return errorReply(401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': settings.challenge ?? challengeOf(exchange, repository, error),
  });
}

/** The challenge of RFC 6750 §3, with the parameters in Docker Hub's order. */
function challengeOf(
  exchange: Exchange,
  repository: string | undefined,
  error: string | undefined,
): string {
  const { settings, origins } = exchange;
  const realm =
    settings.realm === 'same'
      ? `${origins.registry}/token`
      : settings.realm === 'own'
        ? `${origins.token}/token`
        : settings.realm;
  const parts = [`realm="${realm}"`, `service="${serviceName}"`];
  if (repository !== undefined) parts.push(`scope="repository:${repository}:pull"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return `Bearer ${parts.join(',')}`;
}
