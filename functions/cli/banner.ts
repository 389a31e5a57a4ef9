import { hostname } from 'node:os';
import type { Config } from '../core/config/resolve.ts';
import { authorityOf } from '../core/config/units.ts';
import { version } from '../core/config/version.ts';
import type { RunningServer } from '../node/server.ts';
import { type ClientAddress, clientLines } from './client-lines.ts';

/** What a server that has just started tells the person before it. */
export function banner(config: Config, server: RunningServer): string {
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
