import type { UpstreamConfig } from '../core/config/resolve.ts';
import type { MirrorOptions } from '../core/mirror/create-mirror.ts';
import type { Ledger } from '../core/ports/ledger.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { keepRateLimits } from '../core/sources/record-rate-limits.ts';
import { createUpstream } from '../core/upstream/client.ts';
import type { Credentials } from '../core/upstream/connection.ts';
import type { WorkerConfiguration } from './config/overrides.ts';
import { workerFetch } from './workerd/fetch.ts';

/**
 * Makes the client of every configured upstream. One whose secret is not set is asked without
 * credentials: what is public can still be pulled.
 */
export function openUpstreams(
  configuration: WorkerConfiguration,
  secrets: ReadonlyMap<string, string>,
  ledger: Ledger,
  runtime: Runtime,
): MirrorOptions['upstreams'] {
  const observe = keepRateLimits(ledger, runtime);
  const userAgent = `pullfront/${configuration.version}`;
  const opened = [...configuration.upstreams].map(([registry, policy]) => {
    const { url, realms, headersTimeout, stallTimeout } = policy;
    const credentials = readCredentials(policy.credentials, secrets);
    const upstream = createUpstream(
      { registry, url, credentials, realms, userAgent, headersTimeout, stallTimeout },
      { fetch: workerFetch, now: runtime.now, observe },
    );
    return [registry, { upstream, policy }] as const;
  });
  return new Map(opened);
}

/** The names of secrets that the configuration names and that are not set. */
export function missingSecrets(
  configuration: WorkerConfiguration,
  secrets: ReadonlyMap<string, string>,
): string[] {
  return [...configuration.upstreams.values()].flatMap(({ credentials }) => {
    const password = credentials?.password;
    return password !== undefined && 'env' in password && !secrets.has(password.env)
      ? [password.env]
      : [];
  });
}

function readCredentials(
  configured: UpstreamConfig['credentials'],
  secrets: ReadonlyMap<string, string>,
): Credentials | undefined {
  if (configured === undefined || !('env' in configured.password)) return undefined;
  const password = secrets.get(configured.password.env);
  return password === undefined ? undefined : { username: configured.username, password };
}
