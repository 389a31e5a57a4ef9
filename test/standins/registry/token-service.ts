import { randomUUID } from 'node:crypto';
import { jsonReply, type Reply } from './reply.ts';
import type { Settings } from './settings.ts';

/** Who a token speaks for and what it opens. */
export interface Grant {
  readonly account: string | undefined;
  readonly repositories: ReadonlySet<string>;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** The service name in challenges; another one is refused. */
export const serviceName = 'registry.standin';

/** What the token service needs to know. */
export interface TokenWorld {
  readonly settings: Settings;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly repositoryExists: (name: string) => boolean;
}

/** The token service (distribution's token authentication specification). */
export class TokenService {
  readonly #world: TokenWorld;
  readonly #tokens = new Map<string, Grant>();
  /** All tokens so far, also those that are revoked. */
  readonly issued: string[] = [];

  constructor(world: TokenWorld) {
    this.#world = world;
  }

  /** Answers a token request; `authorization` is the header's value. */
  issue(query: URLSearchParams, authorization: string | undefined): Reply {
    const { settings, now } = this.#world;
    const account = accountOf(authorization, settings);
    if (account === false || (account === undefined && settings.auth === 'required')) {
      return jsonReply(401, { details: 'incorrect username or password' });
    }
    if (query.get('service') !== serviceName) {
      return jsonReply(400, { details: 'unknown service' });
    }
    const granted = new Set<string>();
    for (const scope of query.getAll('scope').flatMap((one) => one.split(' '))) {
      const [, name, actions] = /^repository:([^:]+):([a-z*,]+)$/.exec(scope) ?? [];
      if (name === undefined) return jsonReply(400, { details: 'malformed scope' });
      if (actions === 'pull' && this.#mayPull(name, account)) granted.add(name);
      else if (actions !== 'pull' || settings.deniedBy === 'token') {
        return jsonReply(403, { errors: [{ code: 'DENIED', message: 'requested access denied' }] });
      }
    }
    const token = `token-${randomUUID()}`;
    const expires = now() + settings.tokenSeconds * 1000;
    this.issued.push(token);
    this.#tokens.set(token, { account, repositories: granted, expires });
    return jsonReply(200, {
      ...(settings.tokenField === 'access_token' ? {} : { token }),
      ...(settings.tokenField === 'token' ? {} : { access_token: token }),
      ...(settings.tokenExpiresIn ? { expires_in: settings.tokenSeconds } : {}),
      issued_at: new Date(now()).toISOString(),
    });
  }

  /** The grant behind `Bearer …`, or undefined if the token is unknown or expired. */
  grant(authorization: string | undefined): Grant | undefined {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    const grant = token === undefined ? undefined : this.#tokens.get(token);
    return grant !== undefined && grant.expires > this.#world.now() ? grant : undefined;
  }

  /** Makes every token invalid at once. */
  revoke(): void {
    this.#tokens.clear();
  }

  #mayPull(name: string, account: string | undefined): boolean {
    if (!this.#world.repositoryExists(name)) return false;
    return account !== undefined || !this.#world.settings.privateRepositories.includes(name);
  }
}

/** The account of Basic credentials: undefined without any, false when they are wrong. */
function accountOf(
  authorization: string | undefined,
  settings: Settings,
): string | undefined | false {
  if (authorization === undefined) return undefined;
  const encoded = /^Basic (.+)$/i.exec(authorization)?.[1] ?? '';
  const given = Buffer.from(encoded, 'base64').toString();
  const found = settings.accounts.find((one) => `${one.username}:${one.password}` === given);
  return found === undefined ? false : found.username;
}
