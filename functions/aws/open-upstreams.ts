import type { Environment } from '../core/config/environment.ts';
import type { Config } from '../core/config/resolve.ts';
import { version } from '../core/config/version.ts';
import type { MirrorOptions } from '../core/mirror/create-mirror.ts';
import type { Ledger } from '../core/ports/ledger.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { keepRateLimits } from '../core/sources/record-rate-limits.ts';
import { upstreamWithPassword } from '../core/sources/rotating-password.ts';
import { createUpstream } from '../core/upstream/client.ts';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import { readPassword } from '../node/password.ts';

/** What the clients of upstreams are made with. */
export interface UpstreamParts {
  readonly environment: Environment;
  readonly fetch: UpstreamFetch;
  readonly ledger: Ledger;
  readonly runtime: Runtime;
  readSecret(name: string): Promise<string>;
}

/** Makes the client of every configured upstream. Passwords are read when they are first needed. */
export function openUpstreams(
  config: Pick<Config, 'upstreams'>,
  parts: UpstreamParts,
): MirrorOptions['upstreams'] {
  const { environment, fetch, ledger, runtime, readSecret } = parts;
  const observe = keepRateLimits(ledger, runtime);
  const userAgent = `pullfront/${version}`;
  const opened = [...config.upstreams].map(([registry, policy]) => {
    const { credentials, url, realms, headersTimeout, stallTimeout } = policy;
    const open = (password?: string) =>
      createUpstream(
        {
          registry,
          url,
          credentials:
            credentials && password !== undefined
              ? { username: credentials.username, password }
              : undefined,
          realms,
          userAgent,
          headersTimeout,
          stallTimeout,
        },
        { fetch, now: runtime.now, observe },
      );
    if (credentials === undefined) return [registry, { upstream: open(), policy }] as const;
    const read = () => readPassword(credentials.password, environment, readSecret);
    const onUnreadable = (reason: string) =>
      runtime.observe({ kind: 'store-failed', operation: 'read password', reason });
    const upstream = upstreamWithPassword({
      registry,
      read,
      open,
      now: runtime.now,
      onUnreadable,
    });
    return [registry, { upstream, policy }] as const;
  });
  return new Map(opened);
}
