import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type Destinations, privateHost, scopeOf } from '../../core/upstream/destinations.ts';
import { lookupBy, type NameLookup } from './name-lookup.ts';

/** One connection, with the addresses of the registry if it went there. */
export interface ConnectionAttempt {
  addresses: readonly LookupAddress[];
}

/** Resolves the names that one upstream's requests go to, without the addresses that they may not. */
export class GuardedLookup {
  readonly #destinations: Destinations;
  readonly #names: NameLookup;
  /** An address that the registry itself had at its last connection. */
  #registryAddress: string | undefined;
  #attempt: ConnectionAttempt = { addresses: [] };

  constructor(destinations: Destinations, names: NameLookup) {
    this.#destinations = destinations;
    this.#names = names;
  }

  /** Throws a FetchError if the URL has an address that must not be contacted. Sockets look up only names. */
  checkUrl(url: URL): void {
    this.#destinations.checkUrl(url, this.#registryAddress);
  }

  /** The lookup for a connection to this place. */
  for(place: Pick<URL, 'hostname' | 'host'>): LookupFunction {
    if (place.hostname === this.#destinations.registry.hostname) return this.#ofRegistry;
    return this.#destinations.isConfigured(place) ? this.any : this.#checked;
  }

  /** The lookup for a host of the mirror's own configuration. */
  get any(): LookupFunction {
    return this.#names.lookup;
  }

  readonly #checked: LookupFunction = lookupBy(async (hostname) =>
    this.#check(await this.#names.resolve(hostname), hostname),
  );

  readonly #ofRegistry: LookupFunction = (hostname, options, callback) => {
    const attempt = this.#attempt;
    const noted = lookupBy(async () => {
      attempt.addresses = await this.#names.resolve(hostname);
      return attempt.addresses;
    });
    noted(hostname, options, callback);
  };

  /** Call right before a connection is opened, which looks its name up at once. */
  connecting(): ConnectionAttempt {
    this.#attempt = { addresses: [] };
    return this.#attempt;
  }

  /**
   * Notes that a connection was made. If the registry has any public address then, it is a public one:
   * it chooses what its name servers answer, but a connection shows that it is there.
   */
  connected(hostname: string, address: string | undefined, { addresses }: ConnectionAttempt): void {
    this.#names.worked(hostname, address);
    if (addresses.length === 0) return;
    const isPublic = (one: LookupAddress) => scopeOf(one.address) === 'public';
    this.#registryAddress = (addresses.find(isPublic) ?? addresses[0])?.address;
  }

  /** The addresses among these that are allowed. Throws a FetchError `invalid` if there is none. */
  #check(addresses: readonly LookupAddress[], host: string): readonly LookupAddress[] {
    const allowed = addresses.filter(({ address }) =>
      this.#destinations.allows(address, this.#registryAddress),
    );
    if (allowed.length === 0) throw privateHost(host);
    return allowed;
  }
}
