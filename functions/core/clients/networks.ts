import ipaddr from 'ipaddr.js';

/** A network in CIDR notation, parsed. */
type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Networks by name, and lists of networks without names. */
export class Networks {
  readonly #named: readonly (readonly [name: string, networks: readonly Network[]])[];

  /** Throws for what is neither an address nor a network in CIDR notation. */
  constructor(named: Readonly<Record<string, readonly string[]>>) {
    this.#named = Object.entries(named).map(([name, list]) => [name, list.map(parseNetwork)]);
  }

  /** The names of the networks that an address belongs to. */
  namesOf(address: string): readonly string[] {
    if (this.#named.length === 0 || !ipaddr.isValid(address)) return [];
    // An IPv4 client of a socket for both has `::ffff:192.0.2.1`.
    const parsed = ipaddr.process(address);
    return this.#named
      .filter(([, networks]) => networks.some((network) => contains(network, parsed)))
      .map(([name]) => name);
  }
}

function parseNetwork(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function contains([network, bits]: Network, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}
