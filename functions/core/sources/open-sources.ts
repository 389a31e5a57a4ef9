import { accountName, accountsOf } from '../config/accounts.ts';
import { answersHead } from '../config/known-registries.ts';
import type { Config, UpstreamConfig } from '../config/resolve.ts';
import { version } from '../config/version.ts';
import type { UpstreamEvent } from '../ports/event.ts';
import type { Runtime } from '../ports/runtime.ts';
import { reasonOf } from '../ports/tolerate.ts';
import { createUpstream } from '../upstream/client.ts';
import type { Credentials, UpstreamFetch, UpstreamRuntime } from '../upstream/connection.ts';
import { accessRules } from './access/access-rules.ts';
import { openAccounts, readCredentials, type SignInPlatform } from './accounts/open-accounts.ts';
import type { Budgets } from './budget/budgets.ts';
import { governedUpstream } from './budget/governed-upstream.ts';
import { alternatesOf, onlyAlternates } from './configured-alternates.ts';
import { HostWaits } from './host-waits.ts';
import type { MirroredUpstream } from './mirrored-upstream.ts';

/** What the clients of upstreams need from a platform. */
interface UpstreamPlatform extends SignInPlatform {
  readonly fetch: UpstreamFetch;
  readonly runtime: Runtime;
  /** What is left for each account. */
  readonly budgets: Budgets;
}

/**
 * Creates the client of every configured upstream, and of every well-known registry that is only an
 * alternate, by the registry's host. It sends nothing, and reads passwords when they are first needed.
 */
export function openUpstreams(
  configured: Config['upstreams'],
  platform: UpstreamPlatform,
): ReadonlyMap<string, MirroredUpstream> {
  return new Map(
    [...configured, ...onlyAlternates(configured)].map(([registry, policy]) => {
      const waits = new HostWaits(platform.runtime);
      const observe = (event: UpstreamEvent) => platform.runtime.observe(event);
      const upstream = openUpstream(registry, policy, { ...platform, observe, waits });
      const hasPath = policy.url.pathname !== '/';
      const isHidden = !configured.has(registry);
      const alternates = alternatesOf(registry, policy);
      const pushTime = hubClock(policy, platform);
      return [registry, { ...upstream, policy, hasPath, waits, alternates, isHidden, pushTime }];
    }),
  );
}

/** Docker Hub's clock; undefined if no rule of the upstream counts by it. */
function hubClock(
  { tags, hubApi: url, ca }: UpstreamConfig,
  { fetch, runtime }: UpstreamPlatform,
): MirroredUpstream['pushTime'] {
  if (url === undefined || !tags.some(({ cooldown }) => cooldown?.clock === 'hub'))
    return undefined;
  const options = { registry: url.host, url, ca, userAgent: `pullfront/${version}` };
  const clientRuntime: UpstreamRuntime = {
    fetch,
    now: () => runtime.now(),
    observe: (event) => runtime.observe(event),
  };
  return async (...asked) => {
    const { hubPushTime } = await import('../upstream/hub-push-time.ts');
    return hubPushTime(options, clientRuntime, ...asked);
  };
}

interface ClientPlatform extends UpstreamPlatform {
  observe(event: UpstreamEvent): void;
  readonly waits: HostWaits;
}

/**
 * The client of an upstream, which signs its requests with the upstream's accounts, if any, and what
 * says which of its repositories clients may read.
 */
function openUpstream(
  registry: string,
  config: UpstreamConfig,
  platform: ClientPlatform,
): Pick<MirroredUpstream, 'upstream' | 'budgets' | 'access'> {
  const { url, realms, privateHosts, ca, headersTimeout, stallTimeout } = config;
  const { fetch, runtime, observe, waits, budgets } = platform;
  const userAgent = `pullfront/${version}`;
  const network = { realms, privateHosts, ca, headersTimeout, stallTimeout };
  const options = { registry, url, userAgent, answersHead: answersHead(registry), ...network };
  const clientRuntime = { fetch, now: () => runtime.now(), timing: waits };
  const accounts = accountsOf(config);
  const clientFor = (credentials: Credentials | undefined, observe: typeof platform.observe) =>
    createUpstream({ ...options, credentials }, { ...clientRuntime, observe });
  const anonymous = budgets.of(registry);
  const openAnonymous = () =>
    governedUpstream(clientFor(undefined, observe), anonymous, clientRuntime.now);
  if (accounts.length === 0) return { upstream: openAnonymous(), budgets: [anonymous] };
  return {
    upstream: openAccounts(accounts, { ...platform, registry, url, createClient: clientFor }),
    budgets: accounts.map((one, at) => budgets.of(registry, accountName(one, at))),
    access: accessRules(registry, config, openAnonymous),
  };
}

/**
 * The configured accounts whose credentials cannot be read, for a report at the start. Does not reject.
 * Amazon ECR is not asked yet: the role of a machine may come later.
 */
export async function unreadableAccounts(
  configured: Config['upstreams'],
  platform: SignInPlatform,
): Promise<readonly { readonly registry: string; readonly reason: string }[]> {
  const accounts = [...configured].flatMap(([registry, upstream]) =>
    accountsOf(upstream)
      .filter(({ aws }) => aws === undefined)
      .map((account) => ({ registry, url: upstream.url, account })),
  );
  const results = accounts.map(async ({ account, ...upstream }) => {
    try {
      await readCredentials(account, upstream, platform);
      return [];
    } catch (error) {
      return [{ registry: upstream.registry, reason: reasonOf(error) }];
    }
  });
  return (await Promise.all(results)).flat();
}
