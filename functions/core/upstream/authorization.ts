import { type Challenge, parseChallenges } from './challenge.ts';
import { parseUrl } from './parse-url.ts';
import { trustedRealm } from './realm.ts';
import { basicAuthorization, requestToken, type TokenRequest } from './token.ts';
import { createTokenCache, type TokenCache } from './token-cache.ts';
import type { CallCount } from './upstream.ts';
import { invalidAnswer, UpstreamError } from './upstream-error.ts';
import type { Connection } from './upstream-options.ts';

/** What a request may carry: an Authorization value, or none when none is known to be needed. */
export type Permit =
  | {
      readonly kind: 'permit';
      readonly value: string | undefined;
      /** True for a token made just now: a registry that refuses it would refuse the next. */
      readonly fresh: boolean;
    }
  /** There is nothing to send that this registry would take for this repository. */
  | { readonly kind: 'denied' };

/** How a registry wants to be asked, as its last challenge said. */
type Demand =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: URL;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** A registry's own scope (`aws`, `*`) is for all its repositories; else it names one of them. */
function scopeFor(name: string, scope: string | undefined): string {
  const isGeneral = scope !== undefined && scope !== '' && !scope.startsWith('repository:');
  return isGeneral ? scope : `repository:${name}:pull`;
}

/** The authorization of one upstream: it remembers the challenge, and the tokens. */
export class Authorization {
  readonly #connection: Connection;
  readonly #tokens: TokenCache;
  #demand: Demand | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#tokens = createTokenCache(() => connection.runtime.now());
  }

  /** What a request for a repository carries as far as the registry's challenges are known. */
  async permit(name: string, calls: CallCount): Promise<Permit> {
    const demand = this.#demand;
    const { credentials } = this.#connection;
    if (demand === undefined) return { kind: 'permit', value: undefined, fresh: false };
    if (demand.kind === 'basic') {
      if (credentials === undefined) return { kind: 'denied' };
      return { kind: 'permit', value: basicAuthorization(credentials), fresh: false };
    }
    const { wanted, key } = this.#tokenOf(demand, name);
    const grant = await this.#tokens.get(key, () => requestToken(this.#connection, wanted, calls));
    if (grant.kind === 'denied') return grant;
    return { kind: 'permit', value: `Bearer ${grant.token}`, fresh: grant.fresh };
  }

  /**
   * Learns from the challenge of a 401, and gives what the one further attempt carries. `refused`
   * is what got the 401. Throws an UpstreamError `invalid` for a realm that is not to be
   * trusted, and `credentials` when the credentials themselves were refused.
   */
  async challenged(
    name: string,
    header: string | null,
    refused: Extract<Permit, { kind: 'permit' }>,
    calls: CallCount,
  ): Promise<Permit> {
    const demand = this.#demandOf(parseChallenges(header));
    if (demand === undefined) return { kind: 'denied' };
    if (demand.kind === 'basic') {
      // Not remembered: other repositories of the registry may be open to all.
      if (this.#connection.credentials === undefined) return { kind: 'denied' };
      if (refused.value?.startsWith('Basic ')) throw this.credentialsRefused();
    } else if (refused.value?.startsWith('Bearer ')) {
      const { key } = this.#tokenOf(demand, name);
      if (refused.fresh && this.#keyNow(name) === key) return { kind: 'denied' };
      this.#tokens.forget(key, refused.value.slice('Bearer '.length));
    }
    this.#demand = demand;
    return this.permit(name, calls);
  }

  /** The error for Basic credentials that got a 401. */
  credentialsRefused(): UpstreamError {
    const { registry, base } = this.#connection;
    return new UpstreamError('credentials', `${registry}: the credentials were refused (401)`, {
      status: 401,
      answerer: { role: 'registry', host: base.host },
    });
  }

  #keyNow(name: string): string | undefined {
    return this.#demand?.kind === 'bearer' ? this.#tokenOf(this.#demand, name).key : undefined;
  }

  #tokenOf(demand: Extract<Demand, { kind: 'bearer' }>, name: string) {
    const { realm, service } = demand;
    const wanted: TokenRequest = { realm, service, scope: scopeFor(name, demand.scope), name };
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
