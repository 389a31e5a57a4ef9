import { keepNewest } from '../../concurrency/bounded-cache.ts';
import { parseChallenges } from '../../headers/www-authenticate.ts';
import type { RemoteRepository } from '../../ports/upstream.ts';
import type { Connection } from '../connection.ts';
import { trustedRealm } from './realm.ts';
import { requestToken, type TokenRequest } from './token.ts';
import { TokenCache } from './token-cache.ts';

/** What another registry's token service is asked for. */
type OtherChallenge = Omit<TokenRequest, 'remote'>;

/** Registries choose the targets of redirects. */
const maxChallenges = 1000;

/**
 * Tokens of registries that this one redirects to, and that have token services of their own: lscr.io
 * redirects to ghcr.io. They are anonymous tokens: our credentials are for the configured registry.
 */
export class OtherRegistries {
  readonly #connection: Connection;
  readonly #tokens: TokenCache;
  /** By origin and repository. */
  readonly #challenges = new Map<string, OtherChallenge>();

  constructor(connection: Connection) {
    this.#connection = { ...connection, credentials: undefined };
    this.#tokens = new TokenCache(() => connection.runtime.now());
  }

  /** The authorization for a redirect to another registry, if its token is known. Sends nothing. */
  authorizationAt(target: URL, name: string): string | undefined {
    const challenge = this.#challenges.get(keyOf(target, name));
    const token = challenge && this.#tokens.peek(tokenKey(challenge));
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  /** The trusted challenge of a 401 after a redirect to `target`, if any. */
  challengeOf(target: URL, header: string | null): OtherChallenge | undefined {
    const bearer = parseChallenges(header).find(({ scheme }) => scheme === 'bearer');
    const { realms } = this.#connection;
    const realm = trustedRealm(bearer?.parameters.get('realm') ?? '', target, realms);
    if (bearer === undefined || realm === undefined) return undefined;
    const [, name = ''] = endpoint.exec(target.pathname) ?? [];
    const scope = bearer.parameters.get('scope') ?? `repository:${name}:pull`;
    return { realm, service: bearer.parameters.get('service'), scope };
  }

  /**
   * Gets a token that a challenge demands, in place of one that was refused. False if the token service
   * refuses. Throws an UpstreamError if it fails.
   */
  async authorize(
    remote: RemoteRepository,
    target: URL,
    challenge: OtherChallenge,
  ): Promise<boolean> {
    const key = tokenKey(challenge);
    const refused = this.authorizationAt(target, remote.name);
    if (refused !== undefined) this.#tokens.forget(key, refused.slice('Bearer '.length));
    keepNewest(this.#challenges, keyOf(target, remote.name), challenge, maxChallenges);
    const asked = () => requestToken(this.#connection, { ...challenge, remote });
    return (await this.#tokens.get(key, asked)).kind === 'granted';
  }
}

const endpoint = /\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\/[^/]+$/;

/** True for a URL that only a registry has, so that it may demand a token. */
export function isRegistryBlob({ pathname }: URL): boolean {
  return /\/v2\/.+\/blobs\/[a-z0-9]+:[^/]+$/.test(pathname.replace(/%3a/i, ':'));
}

function keyOf(target: URL, name: string): string {
  return `${target.origin} ${name}`;
}

function tokenKey({ realm, service, scope }: OtherChallenge): string {
  return JSON.stringify([realm.href, service, scope]);
}
