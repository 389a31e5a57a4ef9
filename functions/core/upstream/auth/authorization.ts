import { parseUrl } from '../../headers/link.ts';
import { type Challenge, parseChallenges } from '../../headers/www-authenticate.ts';
import type { RemoteRepository, TokenService } from '../../ports/upstream.ts';
import { invalidAnswer, UpstreamError } from '../../ports/upstream-error.ts';
import type { Connection } from '../connection.ts';
import { type AuthScheme, AuthSchemes } from './auth-schemes.ts';
import { trustedRealm } from './realm.ts';
import { RootChallenge } from './root-challenge.ts';
import { basicAuthorization, opensRepository, requestToken } from './token.ts';
import { TokenCache } from './token-cache.ts';

/** The registry does not let this mirror read the repository. */
export interface Denied {
  readonly kind: 'denied';
  /** True after a 401 to a token that should be good: another method may be accepted. */
  readonly despiteToken?: boolean;
}

/** A token that could not be had, and why. */
export interface MissingToken {
  /** Of its realm, service and scope. */
  readonly key: string;
  readonly why: UpstreamError | Denied;
}

/** The authorization of a request. */
export interface Granted {
  readonly kind: 'permit';
  /** The Authorization header; undefined if none is known to be needed, or none can be had. */
  readonly value: string | undefined;
  /** Of the token's realm, service and scope. */
  readonly key?: string;
  /** True for a token granted just now: a registry that refuses it would refuse the next. */
  readonly fresh: boolean;
  /** The token that the request lacks. It may not need one, or one of another realm by now. */
  readonly missing?: MissingToken;
}

/** `denied`: the registry would accept nothing that we have for this repository. */
export type Permit = Granted | Denied;

const unauthorized: Granted = { kind: 'permit', value: undefined, fresh: false };

/** A scope of the registry's own (`aws`, `*`) is kept; any other is replaced by the repository's. */
function scopeFor(name: string, scope: string | undefined): string {
  const isGeneral = scope !== undefined && scope !== '' && !scope.startsWith('repository:');
  return isGeneral ? scope : `repository:${name}:pull`;
}

/** The outcome of a request that needs its missing token. Throws an UpstreamError. */
export function refusalWithout(missing: MissingToken | undefined): Denied {
  if (missing?.why instanceof UpstreamError) throw missing.why;
  return { kind: 'denied' };
}

/** The authorization for one upstream, with the challenges and tokens seen so far. */
export class Authorization {
  readonly #connection: Connection;
  readonly #tokens: TokenCache;
  readonly #schemes: AuthSchemes;
  readonly #root: RootChallenge;

  constructor(connection: Connection) {
    this.#connection = connection;
    const now = () => connection.runtime.now();
    this.#tokens = new TokenCache(now);
    this.#schemes = new AuthSchemes(now);
    this.#root = new RootChallenge(connection);
  }

  /**
   * The authorization of a first request, from the challenges known so far. Throws an UpstreamError
   * `credentials` if they were refused: an anonymous request would count for an address that many
   * share.
   */
  async permit(remote: RemoteRepository): Promise<Permit> {
    const { scheme, isOwn } = this.#schemes.of(remote.name);
    if (scheme === undefined) return unauthorized;
    const missing = (why: MissingToken['why']): Granted => {
      const key = scheme.kind === 'bearer' ? this.#tokenOf(scheme, remote.name).key : '';
      return { ...unauthorized, missing: { key, why } };
    };
    try {
      const permit = await this.#authorize(scheme, remote);
      // Another repository's challenge does not prove that this one needs a token.
      return permit.kind === 'denied' && !isOwn ? missing(permit) : permit;
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind === 'credentials') throw error;
      return missing(error);
    }
  }

  /** Remembers that a repository was read without the token it seemed to need. */
  rememberOpen(name: string): void {
    this.#schemes.rememberOpen(name);
  }

  /** The token service of a repository's own challenge. */
  tokenServiceOf(name: string): TokenService | undefined {
    const { scheme, isOwn } = this.#schemes.of(name);
    if (scheme?.kind !== 'bearer' || !isOwn) return undefined;
    const hasToken = this.#tokens.peek(this.#tokenOf(scheme, name).key) !== undefined;
    return { host: scheme.realm.host, hasToken };
  }

  /** True if the repository's token says that it opens the repository. */
  grantsPull(name: string): boolean {
    const { scheme } = this.#schemes.of(name);
    if (scheme?.kind !== 'bearer') return false;
    const token = this.#tokens.peek(this.#tokenOf(scheme, name).key);
    return token !== undefined && opensRepository(token) === true;
  }

  /**
   * Remembers the challenge of a 401, and resolves to the authorization of the second attempt.
   * `refused` is that of the first. Throws an UpstreamError: `invalid` for an untrusted realm,
   * `credentials` if the credentials themselves were refused, any other if the token cannot be had.
   */
  async answerChallenge(
    remote: RemoteRepository,
    header: string | null,
    refused: Granted,
  ): Promise<Permit> {
    const scheme = this.#schemeAfter(remote, header, refused);
    if (scheme === undefined) return { kind: 'denied' };
    const { value, missing } = refused;
    if (scheme.kind === 'basic') {
      // Not remembered: other repositories of the registry may be public.
      if (this.#connection.credentials === undefined) return { kind: 'denied' };
      if (value?.startsWith('Basic ')) throw this.credentialsRefused();
    } else {
      const { key } = this.#tokenOf(scheme, remote.name);
      if (refused.fresh && refused.key === key) return this.denied(refused, header);
      if (value?.startsWith('Bearer ')) this.#tokens.forget(key, value.slice('Bearer '.length));
      if (missing?.key === key) {
        this.#schemes.remember(remote.name, scheme);
        return refusalWithout(missing);
      }
    }
    this.#schemes.remember(remote.name, scheme);
    const permit = await this.#authorize(scheme, remote);
    const usualFailed = missing !== undefined && missing.why instanceof UpstreamError;
    if (permit.kind === 'permit') this.#schemes.confirm(scheme, usualFailed);
    return permit;
  }

  /** The outcome of a 401 to `refused`; `header` is its challenge. */
  denied({ value = '' }: Granted, header: string | null): Denied {
    const [scheme, token = ''] = value.split(' ');
    const challenge = parseChallenges(header).find(({ scheme }) => scheme === 'bearer');
    if (scheme !== 'Bearer' || challenge?.parameters.has('error')) return { kind: 'denied' };
    const opens = opensRepository(token);
    // Registries grant tokens for what does not exist. Only one that is not for a repository opens all.
    const isForAll = !challenge?.parameters.get('scope')?.startsWith('repository:');
    const despiteToken = opens ?? (isForAll || !this.#connection.answersHead);
    return despiteToken ? { kind: 'denied', despiteToken } : { kind: 'denied' };
  }

  /**
   * The authorization of a second attempt after the registry answered 403 or 404 to a request without
   * any: some hide private repositories, and show their challenge only at `/v2/`. Undefined if there is
   * none to try. Throws as `answerChallenge` does.
   */
  async authorizeHidden(remote: RemoteRepository, refused: Granted): Promise<Permit | undefined> {
    const { value, missing } = refused;
    if (value !== undefined) return undefined;
    if (missing === undefined && this.#connection.credentials === undefined) return undefined;
    const scheme = this.#schemeOf(parseChallenges(await this.#root.get(remote)));
    if (scheme === undefined) return undefined;
    if (scheme.kind === 'bearer' && this.#tokenOf(scheme, remote.name).key === missing?.key) {
      return undefined;
    }
    // Only for this repository: public ones must not depend on the credentials.
    this.#schemes.remember(remote.name, scheme);
    return this.#authorize(scheme, remote);
  }

  /** The authorization that a challenge demands. Throws an UpstreamError when it cannot be had. */
  async #authorize(scheme: AuthScheme, remote: RemoteRepository): Promise<Permit> {
    const { credentials } = this.#connection;
    if (scheme.kind === 'basic') {
      if (credentials === undefined) return { kind: 'denied' };
      return { ...unauthorized, value: basicAuthorization(credentials) };
    }
    const { wanted, key } = this.#tokenOf(scheme, remote.name);
    const asked = () => requestToken(this.#connection, { ...wanted, remote });
    const grant = await this.#tokens.get(key, asked);
    if (grant.kind === 'denied') return grant;
    return { kind: 'permit', value: `Bearer ${grant.token}`, key, fresh: grant.fresh };
  }

  /** The error for a 401 in spite of Basic credentials. */
  credentialsRefused(): UpstreamError {
    const { registry, url } = this.#connection;
    return new UpstreamError('credentials', `${registry}: the credentials were refused (401)`, {
      status: 401,
      answerer: { role: 'registry', host: url.host },
    });
  }

  #tokenOf(scheme: Extract<AuthScheme, { kind: 'bearer' }>, name: string) {
    const { realm, service } = scheme;
    const { namePrefix } = this.#connection.place;
    const wanted = { realm, service, scope: scopeFor(`${namePrefix}${name}`, scheme.scope) };
    return { wanted, key: JSON.stringify([realm.href, service, wanted.scope]) };
  }

  /**
   * The scheme of a challenge to a request that may have had a token. nvcr.io names another service in
   * another domain once a token has expired; the first one still gives tokens.
   */
  #schemeAfter({ name }: RemoteRepository, header: string | null, { key, fresh }: Granted) {
    try {
      return this.#schemeOf(parseChallenges(header));
    } catch (error) {
      const { scheme } = this.#schemes.of(name);
      if (key === undefined || fresh || scheme?.kind !== 'bearer') throw error;
      return scheme;
    }
  }

  /** Prefers Bearer: a registry that offers both wants its tokens used (quay.io). */
  #schemeOf(challenges: readonly Challenge[]): AuthScheme | undefined {
    const { registry, url, realms, credentials } = this.#connection;
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    const text = bearer?.parameters.get('realm') ?? '';
    const realm = trustedRealm(text, url, realms);
    if (bearer !== undefined && realm !== undefined) {
      const { parameters } = bearer;
      const service = parameters.get('service');
      return { kind: 'bearer', realm, service, scope: parameters.get('scope') };
    }
    const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (isBasic && (credentials !== undefined || bearer === undefined)) return { kind: 'basic' };
    if (bearer === undefined) return undefined;
    const host = parseUrl(text)?.host ?? 'a malformed URL';
    throw invalidAnswer(
      registry,
      `the token service at ${host} is not trusted; add it to "realms" if you trust it`,
    );
  }
}
