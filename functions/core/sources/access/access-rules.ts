import type { Client } from '../../clients/clients.ts';
import { accountsOf } from '../../config/accounts.ts';
import { privateEcrPattern } from '../../config/known-registries.ts';
import type { UpstreamConfig } from '../../config/resolve.ts';
import type { Upstream } from '../../ports/upstream.ts';

/** An account that opens private repositories. */
interface AccessGrant {
  /** Names of networks, or `anyone`. */
  readonly readers: readonly string[];
  /** The repositories that the account is used for; all if empty. */
  readonly repositories: readonly { test(name: string): boolean }[];
}

/** Who may read what at an upstream with accounts. */
export interface AccessRules {
  readonly grants: readonly AccessGrant[];
  /** The same registry without an account; undefined if it serves nothing to anonymous clients. */
  readonly anonymous: Upstream | undefined;
}

/**
 * The rules of an upstream; undefined if every client may read all that the mirror can: it has no
 * account, or one that is open to anyone.
 */
export function accessRules(
  registry: string,
  config: Pick<UpstreamConfig, 'credentials' | 'accounts' | 'url'>,
  openAnonymous: () => Upstream,
): AccessRules | undefined {
  const accounts = accountsOf(config);
  const isPrivate = privateEcrPattern.test(registry) || privateEcrPattern.test(config.url.hostname);
  const grants = accounts.filter((account) => isPrivate || account.for === 'access');
  const isOpen = grants.some(
    ({ readers, repositories }) => repositories.length === 0 && readers.includes('anyone'),
  );
  if (accounts.length === 0 || isOpen) return undefined;
  return { grants, anonymous: isPrivate ? undefined : openAnonymous() };
}

/** True if an account opens the repository to the client, whether it is public or not. */
export function isReader(
  { grants }: Pick<AccessRules, 'grants'>,
  name: string,
  client: Client | undefined,
): boolean {
  return grants.some(
    ({ readers, repositories }) =>
      (repositories.length === 0 || repositories.some((pattern) => pattern.test(name))) &&
      (readers.includes('anyone') ||
        client?.networks.some((network) => readers.includes(network)) === true),
  );
}
