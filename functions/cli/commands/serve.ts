import { hostname } from 'node:os';
import type { Config } from '../../core/config/resolve.ts';
import { authorityOf } from '../../core/config/units.ts';
import { version } from '../../core/config/version.ts';
import type { SignInReader } from '../../core/sources/accounts/sign-in.ts';
import { openOnThisMachine } from '../../local/open.ts';
import { type RunningServer, startServer } from '../../node/server.ts';
import type { OpenPlatform } from '../../node/server-platform.ts';
import { clientLines } from '../client-lines.ts';
import { messageOf, startFailure } from '../failure.ts';
import type { LoadedConfig } from '../load-config.ts';
import { openInMemory } from '../memory-platform.ts';

function platformOf(config: Config): OpenPlatform {
  const { store, data, aws, limits } = config;
  if (store === 'memory') return openInMemory(limits.storeBytes);
  if (aws === undefined) return openOnThisMachine(data);
  return async (lent) => {
    const { openOnAws } = await import('../../aws/open-server.ts');
    return openOnAws(aws, config)(lent);
  };
}

/** Signs in to Amazon ECR with the role of this machine; the SDK is loaded when it is needed. */
const readEcr: SignInReader = async (registry, signIn) => {
  const { ecrSignIn } = await import('../../aws/ecr/ecr-sign-in.ts');
  const { awsCredentials } = await import('../../aws/sdk/aws-credentials.ts');
  const credentials = awsCredentials({ environment: process.env, now: Date.now });
  return ecrSignIn(credentials)(registry, signIn);
};

/** Two signals within this time, in ms, are one: npm repeats the signal that the terminal sent. */
const sameSignal = 500;

/**
 * Serves until SIGINT or SIGTERM and returns the exit code: 0, 1 if it could not close its store, or
 * that of the failure if it did not start. SIGHUP reloads the configuration.
 */
export async function serve(
  { ok: config, notes }: LoadedConfig & { readonly ok: Config },
  load: () => Promise<LoadedConfig>,
): Promise<number> {
  // A full disk behind standard error must not end the process.
  process.stderr.on('error', () => undefined);
  let server: RunningServer | undefined;
  let reloading = Promise.resolve();
  let reloadAfterStart = false;
  const reload = () => {
    reloadAfterStart = server === undefined;
    reloading = reloading.then(() => server?.reload(load));
  };
  process.on('SIGHUP', reload);
  try {
    const terminal = process.stdout.isTTY === true;
    server = await startServer(config, platformOf(config), { terminal, readEcr });
  } catch (error) {
    const { message, exitCode } = startFailure(error, config);
    print(`pullfront: ${message}`);
    return exitCode;
  }
  // Log unhandled rejections instead of exiting: one bug must not cut every pull in flight. An
  // uncaught exception still ends the process, because its state may be inconsistent.
  process.on('unhandledRejection', server.unexpected);
  // Before the banner: whoever reads it may send a signal.
  const signal = firstSignal();
  process.on('uncaughtExceptionMonitor', server.unexpected);
  print(banner(config, server, notes));
  if (reloadAfterStart) reload();
  await signal;
  print('Shutting down; press Ctrl-C again to exit now.');
  try {
    await server.close();
    return 0;
  } catch (error) {
    print(`pullfront: could not save the last counters: ${messageOf(error)}`);
    return 1;
  }
}

function print(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Resolves at the first signal; the second one ends the process. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = () => {
      first ??= Date.now();
      resolve();
      if (Date.now() - first > sameSignal) process.exit(130);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** What the server is, how to check it, and how to point clients at it. */
function banner(config: Config, server: RunningServer, notes: readonly string[]): string {
  const { defaultUpstream } = config;
  const others = [...config.upstreams.keys()].filter((name) => name !== defaultUpstream);
  return [
    `Pullfront ${version} mirrors ${[`${defaultUpstream} (default)`, ...others].join(', ')}`,
    `  URL    ${server.url}`,
    `  data   ${server.place}`,
    ...('socket' in config.listen
      ? socketLines(config, config.listen.socket)
      : addressLines(config, config.listen.host, server.address.port)),
    ...notes.map((note) => `Note: ${note}`),
  ].join('\n');
}

function hasAccounts({ upstreams }: Config): boolean {
  return [...upstreams.values()].some(({ credentials }) => credentials !== undefined);
}

function schemeOf({ tls }: Config): 'http' | 'https' {
  return tls === undefined ? 'http' : 'https';
}

function socketLines(config: Config, socket: string): string[] {
  return [
    `  check  curl --unix-socket ${socket} ${schemeOf(config)}://localhost/healthz`,
    '',
    'Clients need a host and a port: put a reverse proxy in front of the socket.',
    '',
  ];
}

function addressLines(config: Config, address: string, port: number): string[] {
  const isEverywhere = address === '0.0.0.0' || address === '::';
  const host = isEverywhere ? hostname() : address;
  const scheme = schemeOf(config);
  const authority = authorityOf({ host, port });
  const loopback = /^(?:127\.|::1$|localhost$)/.test(host);
  return [
    `  check  curl ${scheme}://${isEverywhere ? `127.0.0.1:${port}` : authority}/healthz`,
    '',
    ...(isEverywhere
      ? [
          `Listening on all addresses; replace ${host} with a name that your clients can reach.`,
          `Anyone who can reach it can pull ${hasAccounts(config) ? 'what its accounts can read' : 'from it'}, and fill its store: see "allow" and "limits".`,
        ]
      : []),
    ...(loopback
      ? [
          `Only this machine can reach it, but not Docker Desktop or kind on it; to serve others, use --listen 0.0.0.0:${port}.`,
        ]
      : []),
    'Add these lines to the files of the clients that you use, then restart dockerd or buildkitd:',
    '',
    ...clientLines({ scheme, authority, loopback }, config).flatMap(({ client, file, lines }) => [
      `${client}: ${file}`,
      ...lines.map((line) => `  ${line}`),
      '',
    ]),
  ];
}
