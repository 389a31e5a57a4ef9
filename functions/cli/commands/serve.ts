import { hostname } from 'node:os';
import type { ParsedConfig } from '../../core/config/parse-config.ts';
import type { Config } from '../../core/config/resolve.ts';
import { authorityOf } from '../../core/config/units.ts';
import { version } from '../../core/config/version.ts';
import { openOnThisMachine } from '../../local/open.ts';
import { type RunningServer, startServer } from '../../node/server.ts';
import type { OpenPlatform } from '../../node/server-platform.ts';
import { type ClientAddress, clientLines } from '../client-lines.ts';
import { startFailure } from '../failure.ts';

/** Where the configuration wants everything to be kept. */
function platformOf({ store, data, aws }: Config): OpenPlatform {
  if (store === 'cloudflare') {
    throw new Error('the store on Cloudflare belongs to a Worker: see infra/cloudflare');
  }
  if (aws === undefined) return openOnThisMachine(data);
  return async (lent) => {
    const { openOnAws } = await import('../../aws/open-server.ts');
    return openOnAws(aws)(lent);
  };
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/** A signal that comes twice so soon is one: npm passes on what the terminal has already sent. */
const sameSignal = 500;

/**
 * Serves until a signal comes, and gives the exit code: 0, or 1 when it did not start. SIGHUP reads
 * the configuration again.
 */
export async function serve(
  config: Config,
  readAgain: () => Promise<ParsedConfig>,
): Promise<number> {
  // What is said there is for people; a full disk under it ends no pull.
  process.stderr.on('error', () => undefined);
  const terminal = process.stdout.isTTY === true;
  let server: RunningServer | undefined;
  let reloading = Promise.resolve();
  // From the start: a signal that nobody listens to ends the process.
  process.on('SIGHUP', () => {
    reloading = reloading.then(() => server?.reload(readAgain));
  });
  try {
    server = await startServer(config, platformOf(config), { terminal });
  } catch (error) {
    process.stderr.write(`pullfront: ${startFailure(error, config)}\n`);
    return 1;
  }
  goOnAfterRejections(server);
  process.stderr.write(`${banner(config, server)}\n`);
  await firstSignal();
  process.stderr.write('Stopping; once more to stop at once.\n');
  try {
    await server.close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`pullfront: the last counts could not be written: ${reason}\n`);
    return 1;
  }
  return 0;
}

/** Resolves at the first signal; a second one ends the process at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = () => {
      const now = Date.now();
      if (first === undefined) {
        first = now;
        resolve();
      } else if (now - first > sameSignal) process.exit(130);
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}

/**
 * A rejection that nobody took is a mistake of ours, or of a package, and is written to the log as
 * one. It does not end the process, as Node would: nothing was left half-way by it but its own work,
 * while an end would cut every pull under way, and again after each start for as long as the cause
 * lasts. An exception that nobody caught still ends it: it may have left anything half-way.
 */
function goOnAfterRejections(server: RunningServer): void {
  process.on('unhandledRejection', (reason) => server.unexpected(reason));
}

/** What a server that has just started tells the person before it. */
function banner(config: Config, server: RunningServer): string {
  const address = clientAddress(config, server);
  const everywhere = isEverywhere(config.listen.host)
    ? ['It listens on all addresses: use the name by which the clients reach this machine.', '']
    : [];
  const others = [...config.upstreams.keys()].filter((name) => name !== config.defaultUpstream);
  const upstreams = [`${config.defaultUpstream} (default)`, ...others].join(', ');
  return [
    `Pullfront ${version} mirrors ${upstreams}`,
    `  on  ${server.url}`,
    `  in  ${server.place}`,
    '',
    ...everywhere,
    ...clientLines(address, config).flatMap(({ client, file, lines }) => [
      `${client}: ${file}`,
      ...lines.map((line) => `  ${line}`),
      '',
    ]),
  ].join('\n');
}

function clientAddress(config: Config, server: RunningServer): ClientAddress {
  const { host } = config.listen;
  const reached = isEverywhere(host) ? hostname() : host;
  const scheme = config.tls === undefined ? 'http' : 'https';
  return {
    scheme,
    authority: authorityOf({ host: reached, port: server.address.port }),
    loopback: /^(?:127\.|::1$|localhost$)/.test(reached),
  };
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
