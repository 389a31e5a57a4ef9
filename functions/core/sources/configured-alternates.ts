import { accountsOf } from '../config/accounts.ts';
import { privateEcrPattern, wellKnownRegistries } from '../config/known-registries.ts';
import type { Account, Config, UpstreamConfig } from '../config/resolve.ts';
import { alternateOf } from './alternates/alternate.ts';
import type { AlternatesOf } from './mirrored-upstream.ts';

/** undefined if the upstream has none, or if the names of its repositories are secret. */
export function alternatesOf(registry: string, config: UpstreamConfig): AlternatesOf | undefined {
  const { alternates: entries, alternatesForUnseenTags: forUnseenTags } = config;
  if (config.private || entries.length === 0) return undefined;
  const isPrivateEcr = [registry, config.url.hostname].some((host) => privateEcrPattern.test(host));
  const grantsAccess = (account: Account) => account.for === 'access' || isPrivateEcr;
  return { entries, forUnseenTags, onlyPublic: accountsOf(config).some(grantsAccess) };
}

/** Well-known registries that are alternates and no upstreams: clients cannot pull from them by name. */
export function onlyAlternates(
  configured: Config['upstreams'],
): ReadonlyMap<string, UpstreamConfig> {
  const hidden = new Map<string, UpstreamConfig>();
  for (const policy of configured.values()) {
    for (const { registry } of policy.alternates.map(alternateOf)) {
      const url = wellKnownRegistries.get(registry);
      if (url === undefined || configured.has(registry)) continue;
      hidden.set(registry, {
        ...policy,
        url: new URL(url),
        credentials: undefined,
        accounts: [],
        alternates: [],
        realms: [],
        privateHosts: [],
        ca: undefined,
      });
    }
  }
  return hidden;
}
