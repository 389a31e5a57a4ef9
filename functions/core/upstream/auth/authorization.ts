import { parseUrl } from '../../headers/link.ts';
import { type Challenge, parseChallenges } from '../../headers/www-authenticate.ts';
import type { RemoteRepository, TokenService } from '../../ports/upstream.ts';
import { invalidAnswer, UpstreamError } from '../../ports/upstream-error.ts';
import type { Connection } from '../connection.ts';
import { createDemands, type Demand, type Demands } from './demands.ts';
import { trustedRealm } from './realm.ts';
import { basicAuthorization, requestToken } from './token.ts';
import { createTokenCache, type TokenCache } from './token-cache.ts';

type Denied = { readonly kind: 'denied' };

/** A token that could not be had: by which realm, service and scope, and why. */
export interface MissingToken {
  readonly key: string;
  readonly why: UpstreamError | Denied;
}

/** What a request carries. */
export interface Granted {
  readonly kind: 'permit';
  /** An Authorization value, or none when none is known to be needed, or none can be had. */
  readonly value: string | undefined;
  /** Of the token's realm, service and scope. */
  readonly key?: string;
  /** True for a token made just now: a registry that refuses it would refuse the next. */
  readonly fresh: boolean;
  /**
   * The token that this request goes without. It may need none, or one of another realm by now:
   * its registry knows.
   */
  readonly missing?: MissingToken;
}

/** What a request may carry; `denied`: nothing that this registry would take for this repository. */
export type Permit = Granted | Denied;

const unauthorized: Granted = { kind: 'permit', value: undefined, fresh: false };

/** A registry's own scope (`aws`, `*`) is for all its repositories; else it names one of them. */
function scopeFor(name: string, scope: string | undefined): string {
  const isGeneral = scope !== undefined && scope !== '' && !scope.startsWith('repository:');
  return isGeneral ? scope : `repository:${name}:pull`;
}

/** What a request gets that needs the token which could not be had. Throws an UpstreamError. */
export function withoutToken({ why }: MissingToken): Denied {
  if (why instanceof UpstreamError) throw why;
  return why;
}

/** The authorization of one upstream: it remembers the challenges, and the tokens. */
export class Authorization {
  readonly #connection: Connection;
  readonly #tokens: TokenCache;
  readonly #demands: Demands;

  constructor(connection: Connection) {
    this.#connection = connection;
    const now = () => connection.runtime.now();
    this.#tokens = createTokenCache(now);
    this.#demands = createDemands(now);
  }

  /**
   * What a request for a repository carries as far as the registry's challenges are known. Throws
   * an UpstreamError `credentials` when they were refused: an anonymous request would be counted
   * for an address that many share.
   */
  async permit(remote: RemoteRepository): Promise<Permit> {
    const { demand, isOwn } = this.#demands.of(remote.name);
    if (demand === undefined) return unauthorized;
    const missing = (why: MissingToken['why']): Granted => {
      const key = demand.kind === 'bearer' ? this.#tokenOf(demand, remote.name).key : '';
      return { ...unauthorized, missing: { key, why } };
    };
    try {
      const permit = await this.#meet(demand, remote);
      // What another repository was challenged by says nothing sure of this one.
      return permit.kind === 'denied' && !isOwn ? missing(permit) : permit;
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind === 'credentials') throw error;
      return missing(error);
    }
  }

  /** Learns that a repository was read by a request that went without its token. */
  opened(name: string): void {
    this.#demands.opened(name);
  }

  /** The token service that a repository was seen to depend on. */
  tokenServiceOf(name: string): TokenService | undefined {
    const { demand, isOwn } = this.#demands.of(name);
    if (demand?.kind !== 'bearer' || !isOwn) return undefined;
    const hasToken = this.#tokens.has(this.#tokenOf(demand, name).key);
    return { host: demand.realm.host, hasToken };
  }

  /**
   * Learns from the challenge of a 401, and gives what the one further attempt carries. `refused`
   * is what got the 401. Throws an UpstreamError `invalid` for a realm that is not to be
   * trusted, `credentials` when the credentials themselves were refused, and any other when the
   * token cannot be had.
   */
  async challenged(
    remote: RemoteRepository,
    header: string | null,
    refused: Granted,
  ): Promise<Permit> {
    const demand = this.#demandOf(parseChallenges(header));
    if (demand === undefined) return { kind: 'denied' };
    const { value, missing } = refused;
    if (demand.kind === 'basic') {
      // Not remembered: other repositories of the registry may be open to all.
      if (this.#connection.credentials === undefined) return { kind: 'denied' };
      if (value?.startsWith('Basic ')) throw this.credentialsRefused();
    } else {
      const { key } = this.#tokenOf(demand, remote.name);
      if (refused.fresh && refused.key === key) return { kind: 'denied' };
      if (value?.startsWith('Bearer ')) this.#tokens.forget(key, value.slice('Bearer '.length));
      if (missing?.key === key) {
        this.#demands.challenged(remote.name, demand);
        return withoutToken(missing);
      }
    }
    this.#demands.challenged(remote.name, demand);
    const permit = await this.#meet(demand, remote);
    const usualFailed = missing !== undefined && missing.why instanceof UpstreamError;
    if (permit.kind === 'permit') this.#demands.met(demand, usualFailed);
    return permit;
  }

  /** What a demand wants for a repository. Throws an UpstreamError when it cannot be had. */
  async #meet(demand: Demand, remote: RemoteRepository): Promise<Permit> {
    const { credentials } = this.#connection;
    if (demand.kind === 'basic') {
      if (credentials === undefined) return { kind: 'denied' };
      return { ...unauthorized, value: basicAuthorization(credentials) };
    }
    const { wanted, key } = this.#tokenOf(demand, remote.name);
    const asked = () => requestToken(this.#connection, { ...wanted, remote });
    const grant = await this.#tokens.get(key, asked);
    if (grant.kind === 'denied') return grant;
    return { kind: 'permit', value: `Bearer ${grant.token}`, key, fresh: grant.fresh };
  }

  /** The error for Basic credentials that got a 401. */
  credentialsRefused(): UpstreamError {
    const { registry, base } = this.#connection;
    return new UpstreamError('credentials', `${registry}: the credentials were refused (401)`, {
      status: 401,
      answerer: { role: 'registry', host: base.host },
    });
  }

  #tokenOf(demand: Extract<Demand, { kind: 'bearer' }>, name: string) {
    const { realm, service } = demand;
    const wanted = { realm, service, scope: scopeFor(name, demand.scope) };
    return { wanted, key: JSON.stringify([realm.href, service, wanted.scope]) };
  }

  /** Bearer first: a registry that offers both wants its tokens used (quay.io). */
  #demandOf(challenges: readonly Challenge[]): Demand | undefined {
    const { registry, base, realms, credentials } = this.#connection;
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    const text = bearer?.parameters.get('realm') ?? '';
    const realm = trustedRealm(text, base, realms);
    if (bearer !== undefined && realm !== undefined) {
      const { parameters } = bearer;
      const service = parameters.get('service');
      return { kind: 'bearer', realm, service, scope: parameters.get('scope') };
    }
    const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (isBasic && (credentials !== undefined || bearer === undefined)) return { kind: 'basic' };
    if (bearer === undefined) return undefined;
    const host = parseUrl(text)?.host ?? 'an unreadable host';
    throw invalidAnswer(registry, `token service at ${host} is not trusted`);
  }
}
