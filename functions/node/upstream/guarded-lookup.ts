import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type Destinations, privateHost } from '../../core/upstream/destinations.ts';
import { lookupBy, type NameLookup } from './name-lookup.ts';

/** Resolves the names that one upstream's requests go to, without the addresses that they may not. */
export class GuardedLookup {
  readonly #destinations: Destinations;
  readonly #names: NameLookup;
  /** Where the registry itself was reached last. */
  #registryAddress: string | undefined;

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
    return this.#destinations.isConfigured(place) ? this.any : this.#checked;
  }

  /** The lookup for a host of the mirror's own configuration. */
  get any(): LookupFunction {
    return this.#names.lookup;
  }

  readonly #checked: LookupFunction = lookupBy(async (hostname) =>
    this.#check(await this.#names.resolve(hostname), hostname),
  );

  /** Notes which address a connection was made to. */
  connected(hostname: string, address: string | undefined): void {
    this.#names.worked(hostname, address);
    if (hostname === this.#destinations.registry.hostname) this.#registryAddress = address;
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
