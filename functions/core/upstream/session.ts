import type { TokenService } from '../ports/upstream.ts';
import { Authorization, refusalWithout } from './auth/authorization.ts';
import type { Connection } from './connection.ts';
import { type Answer, send, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';

/** What the requests to one upstream share. */
export interface Session {
  readonly connection: Connection;
  /** Sends a request with the authorization that the registry wants. */
  exchange(request: UpstreamRequest): Promise<Answer | { readonly kind: 'denied' }>;
  tokenServiceOf(name: string): TokenService | undefined;
  /** `size` is the index of the page size that the registry accepted last. */
  readonly tagPages: { size: number };
}

/** By these statuses registries hide a repository from the anonymous without a challenge. */
const hiddenStatuses: ReadonlySet<number> = new Set([400, 403, 404]);

/**
 * Opens a session. Once the registry's challenge is known, tokens are fetched before a request, and a
 * 401 leads to one more attempt, never more. If no token can be had, the request goes without one: the
 * repository may not need it, or the registry may name another token service by now.
 */
export function openSession(connection: Connection): Session {
  const authorization = new Authorization(connection);
  return {
    connection,
    tagPages: { size: 0 },
    tokenServiceOf: (name) => authorization.tokenServiceOf(name),
    async exchange(request) {
      const first = await authorization.permit(request.remote);
      if (first.kind === 'denied') return first;
      const { missing } = first;
      const answer = await send(connection, request, first.value);
      const { status, headers } = answer.response;
      if (missing !== undefined && !answer.moved && hiddenStatuses.has(status)) {
        await discard(answer.response);
        return refusalWithout(missing);
      }
      // Another host's 401 is not a challenge of this registry.
      if (status !== 401 || answer.moved) {
        if (missing !== undefined && status < 400) authorization.rememberOpen(request.remote.name);
        return answer;
      }
      await discard(answer.response);
      const challenge = headers.get('www-authenticate');
      const second = await authorization.answerChallenge(request.remote, challenge, first);
      if (second.kind === 'denied') return second;
      const last = await send(connection, request, second.value);
      if (last.response.status === 401 && !last.moved && second.value?.startsWith('Basic ')) {
        await discard(last.response);
        throw authorization.credentialsRefused();
      }
      return last;
    },
  };
}
