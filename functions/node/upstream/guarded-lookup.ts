import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import {
  type Destinations,
  literalAddress,
  refusedHost,
} from '../../core/upstream/destinations.ts';
import { FetchError } from '../../core/upstream/fetch-error.ts';
import type { NameLookup } from './name-lookup.ts';

/** An attempt needs more than Node's 250 ms where registries are far; one network without IPv6 has several. */
export const addressAttempts = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1500 };

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
    const address = literalAddress(url.hostname);
    if (address === undefined || this.#destinations.isConfigured(url)) return;
    this.#check([{ address, family: 0 }], url.host);
  }

  /** The lookup for a connection to this place. */
  for(place: Pick<URL, 'hostname' | 'host'>): LookupFunction {
    return this.#destinations.isConfigured(place) ? this.any : this.#checked;
  }

  /** The lookup for a host of the mirror's own configuration. */
  readonly any: LookupFunction = lookupBy((hostname) => this.#names.resolve(hostname));

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
    if (allowed.length === 0) throw new FetchError('invalid', refusedHost(host));
    return allowed;
  }
}

function lookupBy(
  resolve: (hostname: string) => Promise<readonly LookupAddress[]>,
): LookupFunction {
  return (hostname, { all, family }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const usable = addresses.filter((one) => !family || one.family === family);
        const [first = { address: '', family: 0 }] = usable;
        if (all) callback(null, usable);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}
