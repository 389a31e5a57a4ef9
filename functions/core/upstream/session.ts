import type { TokenService } from '../ports/upstream.ts';
import { Authorization, withoutToken } from './auth/authorization.ts';
import type { Connection } from './connection.ts';
import { type Answer, send, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';

/** Sends a request with whatever authorization the registry wants. */
export type Exchange = (request: UpstreamRequest) => Promise<Answer | { readonly kind: 'denied' }>;

/** What the requests to one upstream share. */
export interface Session {
  readonly connection: Connection;
  readonly exchange: Exchange;
  tokenServiceOf(name: string): TokenService | undefined;
}

/** Statuses by which registries hide from the anonymous what they do not challenge them for. */
const hidden: ReadonlySet<number> = new Set([400, 403, 404]);

/**
 * Opens a session: tokens are fetched before a request once the registry's challenge is known, and
 * a 401 is answered by one further attempt, never more. Where the token cannot be had the request
 * goes without: the repository may need none, or the registry names another token service by now.
 */
export function openSession(connection: Connection): Session {
  const authorization = new Authorization(connection);

  const exchange: Exchange = async (request) => {
    const first = await authorization.permit(request.remote);
    if (first.kind === 'denied') return first;
    const answer = await send(connection, request, first.value);
    const { status } = answer.response;
    if (first.missing !== undefined && !answer.moved && hidden.has(status)) {
      await discard(answer.response);
      return withoutToken(first.missing);
    }
    // Another host's 401 is no challenge of this registry.
    if (status !== 401 || answer.moved) {
      if (first.missing !== undefined && status < 400) authorization.opened(request.remote.name);
      return answer;
    }
    const challenge = answer.response.headers.get('www-authenticate');
    await discard(answer.response);
    const second = await authorization.challenged(request.remote, challenge, first);
    if (second.kind === 'denied') return second;
    const last = await send(connection, request, second.value);
    if (last.response.status === 401 && !last.moved && second.value?.startsWith('Basic ')) {
      await discard(last.response);
      throw authorization.credentialsRefused();
    }
    return last;
  };

  return { connection, exchange, tokenServiceOf: (name) => authorization.tokenServiceOf(name) };
}
