import { accountsOf } from '../config/accounts.ts';
import { answersHead } from '../config/known-registries.ts';
import type { Config, UpstreamConfig } from '../config/resolve.ts';
import { version } from '../config/version.ts';
import type { UpstreamEvent } from '../ports/event.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { reasonOf, tolerate } from '../ports/tolerate.ts';
import type { Upstream } from '../ports/upstream.ts';
import { createUpstream } from '../upstream/client.ts';
import type { Credentials, UpstreamFetch } from '../upstream/connection.ts';
import { openAccounts, readCredentials, type SignInPlatform } from './accounts/open-accounts.ts';
import { alternatesOf, onlyAlternates } from './configured-alternates.ts';
import { HostWaits } from './host-waits.ts';
import type { MirroredUpstream } from './mirrored-upstream.ts';
import { PullLimit } from './pull-limit.ts';

/** What the clients of upstreams need from a platform. */
interface UpstreamPlatform extends SignInPlatform {
  readonly fetch: UpstreamFetch;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
}

/**
 * Creates the client of every configured upstream, and of every well-known registry that is only an
 * alternate, by the registry's host. It sends nothing, and reads passwords when they are first needed.
 */
export function openUpstreams(
  configured: Config['upstreams'],
  platform: UpstreamPlatform,
): ReadonlyMap<string, MirroredUpstream> {
  const record = recordRateLimits(platform.ledger, platform.runtime);
  return new Map(
    [...configured, ...onlyAlternates(configured)].map(([registry, policy]) => {
      const waits = new HostWaits(platform.runtime);
      const pulls = new PullLimit(() => platform.runtime.now());
      const observe = (event: UpstreamEvent) => {
        record(event);
        if (event.kind === 'rate-limit') pulls.reported(registry, event.most ?? event.rate);
      };
      const upstream = openUpstream(registry, policy, { ...platform, observe, waits });
      const hasPath = policy.url.pathname !== '/';
      const isHidden = !configured.has(registry);
      const alternates = alternatesOf(registry, policy);
      return [registry, { upstream, policy, hasPath, waits, pulls, alternates, isHidden }];
    }),
  );
}

interface ClientPlatform extends UpstreamPlatform {
  observe(event: UpstreamEvent): void;
  readonly waits: HostWaits;
}

/** The client of an upstream, which signs its requests with the upstream's accounts, if any. */
function openUpstream(
  registry: string,
  config: UpstreamConfig,
  platform: ClientPlatform,
): Upstream {
  const { url, realms, privateHosts, ca, headersTimeout, stallTimeout } = config;
  const { fetch, runtime, observe, waits } = platform;
  const userAgent = `pullfront/${version}`;
  const network = { realms, privateHosts, ca, headersTimeout, stallTimeout };
  const options = { registry, url, userAgent, answersHead: answersHead(registry), ...network };
  const clientRuntime = { fetch, now: () => runtime.now(), timing: waits };
  const accounts = accountsOf(config);
  const clientFor = (credentials: Credentials | undefined, observe: typeof platform.observe) =>
    createUpstream({ ...options, credentials }, { ...clientRuntime, observe });
  if (accounts.length === 0) return clientFor(undefined, observe);
  return openAccounts(accounts, { ...platform, registry, url, createClient: clientFor });
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

/** Observes the clients' events, and writes the rate limits among them to the ledger. */
function recordRateLimits(ledger: Ledger, runtime: Runtime): (event: UpstreamEvent) => void {
  const { recordRateLimit } = tolerate(ledger, (event) => runtime.observe(event));
  return (event) => {
    runtime.observe(event);
    if (event.kind !== 'rate-limit') return;
    const { registry, credentials: account, rate } = event;
    const seen = runtime.now();
    runtime.waitUntil(recordRateLimit({ registry, account, rate, seen }));
  };
}
