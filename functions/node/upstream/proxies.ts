import ipaddr from 'ipaddr.js';
import type { Environment } from '../../core/config/environment.ts';

/** Returns the URL of the proxy for a request; undefined if it goes without one. */
export type ProxyChoice = (url: URL) => string | undefined;

const proxySchemes: ReadonlySet<string> = new Set(['http:', 'https:', 'socks:', 'socks5:']);

/**
 * Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go programs such as dockerd and containerd do: a proxy
 * needs no scheme, and NO_PROXY lists names (with their subdomains), addresses and networks, each with
 * or without a port. HTTP_PROXY is also used for https if HTTPS_PROXY is not set. Throws an Error that
 * names the variable whose proxy is not a URL.
 */
export function proxyChoice(environment: Environment): ProxyChoice {
  const http = proxyOf(environment, 'HTTP_PROXY');
  const https = proxyOf(environment, 'HTTPS_PROXY') ?? http;
  if (https === undefined) return () => undefined;
  const isExcluded = exclusions(variable(environment, 'NO_PROXY'));
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    return proxy === undefined || isExcluded(url) ? undefined : proxy;
  };
}

function variable(environment: Environment, name: string): string {
  return (environment[name.toLowerCase()] || environment[name] || '').trim();
}

function proxyOf(environment: Environment, name: string): string | undefined {
  const text = variable(environment, name);
  if (text === '') return undefined;
  const url = text.includes('://') ? text : `http://${text}`;
  if (URL.canParse(url) && proxySchemes.has(new URL(url).protocol)) return url;
  // Not the value, which may hold a password.
  throw new Error(`${name}: expected the URL of a proxy such as "http://proxy.example:3128"`);
}

/** True for a request that goes without the proxy. */
function exclusions(list: string): (url: URL) => boolean {
  const entries = list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== '');
  if (entries.includes('*')) return () => true;
  const networks = entries.filter(ipaddr.isValidCIDR).map(ipaddr.parseCIDR);
  const hosts = entries.filter((entry) => !ipaddr.isValidCIDR(entry)).map(readHost);
  return ({ protocol, hostname, port }) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const portNumber = port || (protocol === 'https:' ? '443' : '80');
    const isListed = hosts.some(
      (one) =>
        (one.port === undefined || one.port === portNumber) &&
        (host === one.host || host.endsWith(`.${one.host}`)),
    );
    if (isListed || !ipaddr.isValid(host)) return isListed;
    const address = ipaddr.process(host);
    return networks.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    );
  };
}

/** An entry such as `example.com`, `.example.com`, `*.example.com`, `10.0.0.1:5000` or `[::1]:80`. */
function readHost(entry: string): { host: string; port: string | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [
    undefined,
    undefined,
    entry,
    undefined,
  ];
  return { host: bracketed ?? (plain ?? '').replace(/^\*?\./, ''), port };
}
