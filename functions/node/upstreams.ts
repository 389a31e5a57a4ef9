import type { Environment } from '../core/config/environment.ts';
import type { Config, UpstreamConfig } from '../core/config/resolve.ts';
import type { MirrorOptions } from '../core/mirror/create-mirror.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { keepRateLimits } from '../core/sources/record-rate-limits.ts';
import { createUpstream } from '../core/upstream/client.ts';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import { readPassword } from './password.ts';
import type { Stores } from './stores.ts';
import { version } from './version.ts';

/** Makes the client of every configured upstream; reads the passwords, and sends nothing yet. */
export async function openUpstreams(
  config: Config,
  environment: Environment,
  fetch: UpstreamFetch,
  stores: Pick<Stores, 'ledger' | 'readSecret'>,
  runtime: Runtime,
): Promise<MirrorOptions['upstreams']> {
  const observe = keepRateLimits(stores.ledger, runtime);
  const opened: [
    string,
    { upstream: ReturnType<typeof createUpstream>; policy: UpstreamConfig },
  ][] = [];
  for (const [registry, policy] of config.upstreams) {
    const { credentials, url, realms, headersTimeout, stallTimeout } = policy;
    const read = credentials && {
      username: credentials.username,
      password: await readPassword(credentials.password, environment, stores.readSecret),
    };
    const userAgent = `pullfront/${version}`;
    const upstream = createUpstream(
      { registry, url, credentials: read, realms, userAgent, headersTimeout, stallTimeout },
      { fetch, now: runtime.now, observe },
    );
    opened.push([registry, { upstream, policy }]);
  }
  return new Map(opened);
}
