import ipaddr from 'ipaddr.js';
import { FetchError } from './fetch-error.ts';

/** The network that an address belongs to. */
export type AddressScope = 'public' | 'private' | 'loopback' | 'link-local';

const scopes: Readonly<Record<string, AddressScope>> = {
  loopback: 'loopback',
  // Connecting to 0.0.0.0 or :: reaches this machine.
  unspecified: 'loopback',
  linkLocal: 'link-local',
  multicast: 'link-local',
  broadcast: 'link-local',
  private: 'private',
  uniqueLocal: 'private',
  // Shared with the provider's or the cluster's network (RFC 6598).
  carrierGradeNat: 'private',
};

/** The scope of an IPv4 or IPv6 address; of an IPv6 address that embeds an IPv4 one, that one's. */
export function scopeOf(address: string): AddressScope {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv6') {
    const bytes = parsed.toByteArray();
    const range = parsed.range();
    if (range === 'rfc6052') return scopeOf(bytes.slice(12).join('.'));
    if (range === '6to4') return scopeOf(bytes.slice(2, 6).join('.'));
    // Site-local addresses and NAT64 with a local prefix (RFC 8215).
    const text = parsed.toString();
    if (/^fe[cdef]/.test(text) || text.startsWith('64:ff9b:1:')) return 'private';
  }
  return scopes[parsed.range()] ?? 'public';
}

/** The address that a URL's host is, without a name server; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(host)) return host;
  // RFC 6761 §6.3.
  return /(?:^|\.)localhost\.?$/.test(host) ? '127.0.0.1' : undefined;
}

/** What an upstream's requests may connect to without being configured, by the registry's own scope. */
const reachable: Readonly<Record<AddressScope, readonly AddressScope[]>> = {
  public: ['public'],
  private: ['public', 'private'],
  // The registry of a test or of this machine's owner.
  loopback: ['public', 'private', 'loopback'],
  'link-local': ['public', 'link-local'],
};

/** The part of an upstream's configuration that says where its requests may go. */
export interface DestinationOptions {
  /** The registry's own URL. */
  readonly url: URL;
  /** Hosts of token services, which may be at any address. */
  readonly realms?: readonly string[] | undefined;
  /** Hosts, hosts with a port, and networks (`10.0.0.0/8`) that the registry may redirect to. */
  readonly privateHosts?: readonly string[] | undefined;
  /** A certificate authority that is trusted besides the usual ones: PEM text or the path of a file. */
  readonly ca?: string | undefined;
}

/**
 * Where the requests for one upstream may go. The registry chooses redirects, token services and links,
 * so on a public address it must not lead the mirror into the network that the mirror is in. Platforms
 * check this at the connection, when the name is resolved.
 */
export class Destinations {
  readonly registry: URL;
  readonly ca: string | undefined;
  readonly #hosts: ReadonlySet<string>;
  readonly #networks: readonly ReturnType<typeof ipaddr.parseCIDR>[];

  constructor({ url, realms = [], privateHosts = [], ca }: DestinationOptions) {
    this.registry = url;
    this.ca = ca;
    this.#hosts = new Set([url.hostname, ...realms, ...privateHosts]);
    this.#networks = privateHosts.filter(ipaddr.isValidCIDR).map(ipaddr.parseCIDR);
  }

  /** True if the host of a URL is configured, so that it may be at any address. */
  isConfigured({ hostname, host }: Pick<URL, 'hostname' | 'host'>): boolean {
    return this.#hosts.has(hostname) || this.#hosts.has(host);
  }

  /**
   * True if a host that is not configured may be at this address. `registryAddress` is where the
   * registry answered, if known.
   */
  allows(address: string, registryAddress: string | undefined): boolean {
    const known = literalAddress(this.registry.hostname) ?? registryAddress;
    const from = known === undefined ? 'public' : scopeOf(known);
    if (reachable[from].includes(scopeOf(address))) return true;
    const parsed = ipaddr.process(address);
    return this.#networks.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
    );
  }

  /**
   * Throws a FetchError `invalid` if the URL has an address that must not be contacted. All that can be
   * checked before a name is resolved.
   */
  checkUrl(url: URL, registryAddress?: string): void {
    const address = literalAddress(url.hostname);
    if (address === undefined || this.isConfigured(url)) return;
    if (!this.allows(address, registryAddress)) throw privateHost(url.host);
  }
}

/** The error for a host that must not be contacted. */
export function privateHost(host: string): FetchError {
  return new FetchError(
    'invalid',
    `${host} has a private address; add it to "privateHosts" if the registry may redirect there`,
  );
}
