import { BoundedCache } from '../concurrency/bounded-cache.ts';
import {
  type ClientAddress,
  clientAddress,
  type Sender,
  type TrustedProxies,
} from './client-address.ts';
import { clientKey } from './client-key.ts';
import { Networks } from './networks.ts';

/** Who sends requests: an IPv4 address, or a /64 of IPv6. */
export interface Client {
  /** Tells clients apart. */
  readonly key: string;
  /** The names of the networks that it belongs to. */
  readonly networks: readonly string[];
}

interface ClientOptions {
  readonly networks: Readonly<Record<string, readonly string[]>>;
  readonly trustProxy: TrustedProxies;
}

/** How many clients are remembered. */
const mostClients = 10_000;

/** Tells who sends a request. */
export class Clients {
  readonly #address: ClientAddress;
  readonly #networks: Networks;
  readonly #known: BoundedCache<Client>;

  /** `now` in ms since 1970. */
  constructor({ networks, trustProxy }: ClientOptions, now: () => number) {
    this.#address = clientAddress(trustProxy);
    this.#networks = new Networks(networks);
    this.#known = new BoundedCache(mostClients, now);
  }

  /** The client; undefined where the platform does not know its address. */
  of(sender: Sender): Client | undefined {
    const address = this.#address(sender);
    if (address === undefined) return undefined;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const client = { key: clientKey(address), networks: this.#networks.namesOf(address) };
    this.#known.set(address, client);
    return client;
  }
}
