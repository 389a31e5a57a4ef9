import type { TokenService } from '../ports/upstream.ts';
import {
  Authorization,
  type Denied,
  type Granted,
  type Permit,
  refusalWithout,
} from './auth/authorization.ts';
import { OtherRegistries } from './auth/other-registries.ts';
import type { Connection } from './connection.ts';
import { HeadRefusals } from './head-refusals.ts';
import { PathPlacement } from './path-placement.ts';
import { type Answer, send, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';

/** What the requests to one upstream share. */
export interface Session {
  readonly connection: Connection;
  /** Sends a request with the authorization that the registry wants. */
  exchange(request: UpstreamRequest): Promise<Answer | Denied>;
  tokenServiceOf(name: string): TokenService | undefined;
  grantsPull(name: string): boolean;
  /** `size` is the index of the page size that the registry accepted last. */
  readonly tagPages: { size: number };
  readonly headRefusals: HeadRefusals;
}

/** True for a status by which registries hide a repository from the anonymous without a challenge. */
function isHiding(status: number): boolean {
  return status === 403 || status === 404;
}

/**
 * Opens a session. Once the registry's challenge is known, tokens are fetched before a request, and a
 * 401 leads to one more attempt, never more. If no token can be had, the request goes without one: the
 * repository may not need it, or the registry may name another token service by now.
 */
export function openSession(connection: Connection): Session {
  const authorization = new Authorization(connection);
  const others = new OtherRegistries(connection);
  const placement = new PathPlacement(connection);

  /** Sends a request, and answers the challenge of another registry that it is redirected to. */
  async function follow(
    request: UpstreamRequest,
    value: string | undefined,
  ): Promise<Answer | Denied> {
    const { remote } = request;
    const authorizeAt = (target: URL) => others.authorizationAt(target, remote.name);
    const answer = await send(connection, { ...request, authorizeAt }, value);
    const { moved, response, url } = answer;
    if (response.status !== 401 || !moved) return answer;
    const challenge = others.challengeOf(url, response.headers.get('www-authenticate'));
    if (challenge === undefined) return answer;
    await discard(response);
    if (!(await others.authorize(remote, url, challenge))) return { kind: 'denied' };
    const last = await send(connection, { ...request, authorizeAt }, value);
    const isRefused = last.response.status === 401 || last.response.status === 403;
    if (!isRefused || authorizeAt(last.url) === undefined) return last;
    await discard(last.response);
    return { kind: 'denied' };
  }

  /** The authorization of a second attempt; undefined if the answer stays as it is. */
  async function retryPermit(
    request: UpstreamRequest,
    { response }: Answer,
    first: Granted,
  ): Promise<Permit | undefined> {
    const { status, headers } = response;
    if (status === 401) {
      const challenge = headers.get('www-authenticate');
      // A page in the registry's place has none.
      if (challenge === null) return undefined;
      await discard(response);
      return authorization.answerChallenge(request.remote, challenge, first);
    }
    const { missing, value } = first;
    const mayHide = isHiding(status) || (missing !== undefined && status === 400);
    if (!mayHide || value !== undefined) return undefined;
    try {
      const second =
        status === 400 ? undefined : await authorization.authorizeHidden(request.remote, first);
      if (second === undefined && missing === undefined) return undefined;
      await discard(response);
      return second ?? refusalWithout(missing);
    } catch (error) {
      await discard(response);
      throw error;
    }
  }

  /** Sends a request, and once more with what the registry demands. */
  async function exchangeOnce(request: UpstreamRequest): Promise<Answer | Denied> {
    const { remote } = request;
    const first = await authorization.permit(remote);
    if (first.kind === 'denied') return first;
    const { missing } = first;
    const answer = await follow(request, first.value);
    if (answer.kind === 'denied') return answer;
    const { status, headers } = answer.response;
    // Another host's answer is no challenge of this registry, and hides nothing.
    if (answer.moved || status < 400) {
      if (missing !== undefined && status < 400) authorization.rememberOpen(remote.name);
      return answer;
    }
    if (status === 401 && request.keepsToken && first.value?.startsWith('Bearer ')) {
      await discard(answer.response);
      return authorization.denied(first, headers.get('www-authenticate'));
    }
    const second = await retryPermit(request, answer, first);
    if (second === undefined) return answer;
    if (second.kind === 'denied') return second;
    const last = await follow(request, second.value);
    if (last.kind === 'denied' || last.response.status !== 401 || last.moved) return last;
    await discard(last.response);
    if (second.value?.startsWith('Basic ')) throw authorization.credentialsRefused();
    return authorization.denied(second, last.response.headers.get('www-authenticate'));
  }

  return {
    connection,
    tagPages: { size: 0 },
    headRefusals: new HeadRefusals(() => connection.runtime.now()),
    tokenServiceOf: (name) => authorization.tokenServiceOf(name),
    grantsPull: (name) => authorization.grantsPull(name),
    async exchange(request) {
      const answer = await exchangeOnce(request);
      const corrected =
        answer.kind === 'answer' ? await placement.correct(request, answer) : undefined;
      if (answer.kind === 'denied' || corrected === undefined) return answer;
      await discard(answer.response);
      return exchangeOnce(corrected);
    },
  };
}
