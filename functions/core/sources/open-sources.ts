import { accountsOf, signInOf } from '../config/accounts.ts';
import { answersHead } from '../config/known-registries.ts';
import type { Config, PasswordPlace, UpstreamConfig } from '../config/resolve.ts';
import { version } from '../config/version.ts';
import type { UpstreamEvent } from '../ports/event.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { reasonOf, tolerate } from '../ports/tolerate.ts';
import type { Upstream } from '../ports/upstream.ts';
import { createUpstream } from '../upstream/client.ts';
import type { UpstreamFetch } from '../upstream/connection.ts';
import { HostWaits } from './host-waits.ts';
import type { MirroredUpstream } from './mirrored-upstream.ts';
import { PullLimit } from './pull-limit.ts';
import { upstreamWithPassword } from './rotating-password.ts';

/** What the clients of upstreams need from a platform. */
interface UpstreamPlatform {
  readonly fetch: UpstreamFetch;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  /** Rejects with an Error that names the place and says why it cannot be read. */
  readPassword(place: PasswordPlace): Promise<string>;
}

/**
 * Creates the client of every configured upstream, by the registry's host. It sends nothing, and reads
 * passwords when they are first needed.
 */
export function openUpstreams(
  configured: Config['upstreams'],
  platform: UpstreamPlatform,
): ReadonlyMap<string, MirroredUpstream> {
  const record = recordRateLimits(platform.ledger, platform.runtime);
  return new Map(
    [...configured].map(([registry, policy]) => {
      const waits = new HostWaits(platform.runtime);
      const pulls = new PullLimit(() => platform.runtime.now());
      const observe = (event: UpstreamEvent) => {
        record(event);
        if (event.kind === 'rate-limit') pulls.reported(registry, event.rate);
      };
      const upstream = openUpstream(registry, policy, { ...platform, observe, waits });
      const hasPath = policy.url.pathname !== '/';
      return [registry, { upstream, policy, hasPath, waits, pulls }];
    }),
  );
}

function openUpstream(
  registry: string,
  config: UpstreamConfig,
  platform: UpstreamPlatform & {
    observe(event: UpstreamEvent): void;
    readonly waits: HostWaits;
  },
): Upstream {
  const { url, realms, privateHosts, ca, headersTimeout, stallTimeout } = config;
  const { fetch, runtime, observe, readPassword, waits } = platform;
  const userAgent = `pullfront/${version}`;
  const network = { realms, privateHosts, ca, headersTimeout, stallTimeout };
  const options = { registry, url, userAgent, answersHead: answersHead(registry), ...network };
  const clientRuntime = { fetch, now: () => runtime.now(), observe, timing: waits };
  const [account] = accountsOf(config);
  if (account === undefined) return createUpstream(options, clientRuntime);
  const signIn = signInOf(account);
  if (signIn.kind !== 'password') throw new Error(`${registry}: not supported yet`);
  const { username, password: place } = signIn;
  return upstreamWithPassword({
    registry,
    readPassword: () => readPassword(place),
    createClient: (password) =>
      createUpstream({ ...options, credentials: { username, password } }, clientRuntime),
    isCheap: 'file' in place,
    now: () => runtime.now(),
    onUnreadable: (reason) =>
      runtime.observe({ kind: 'store-failed', operation: 'readPassword', reason }),
  });
}

/** The configured passwords that cannot be read, for a report at the start. Does not reject. */
export async function unreadablePasswords(
  configured: Config['upstreams'],
  readPassword: UpstreamPlatform['readPassword'],
): Promise<readonly { readonly registry: string; readonly reason: string }[]> {
  const places = [...configured].flatMap(([registry, upstream]) =>
    accountsOf(upstream).flatMap(({ password }) =>
      password === undefined ? [] : [{ registry, password }],
    ),
  );
  const results = places.map(async ({ registry, password }) => {
    try {
      await readPassword(password);
      return [];
    } catch (error) {
      return [{ registry, reason: reasonOf(error) }];
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
