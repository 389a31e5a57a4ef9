// Not by name: a preload that replaces `dns.lookup` must be used.
import dns, { type LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import { withTimeout } from '../../core/concurrency/timeout.ts';

/** How long addresses are used without a new lookup, in ms. */
const freshTime = 10_000;

/** How long addresses are used while name servers fail, in ms. */
const staleTime = 3_600_000;

/** How long the system may take before other ways are tried, in ms. */
const patience = 1000;

/** How many lookups of the system run at a time: two of libuv's four threads, whatever hangs there. */
const systemThreads = 2;

/**
 * Socket options: how long each address is tried. Registries may be farther away than Node's 250 ms, and
 * several addresses may be unreachable where IPv6 does not work.
 */
export const addressAttempts = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1500 };

const maxNames = 1000;

/** The lookups that run there now, for all parts of the process. */
let inSystem = 0;

interface Known {
  readonly addresses: readonly LookupAddress[];
  /** In ms since 1970. */
  readonly at: number;
}

/**
 * Resolves names for requests to upstreams. Requests share the lookup of a name and its result. A name
 * whose name servers are silent does not delay others: the system's lookups (getaddrinfo) run on two
 * threads of the process, so when they are slow the hosts file and the name servers are asked as well.
 */
export class NameLookup {
  readonly #known = new Map<string, Known>();
  readonly #running = new Map<string, Promise<readonly LookupAddress[]>>();

  /** All addresses, the one that last worked first. Rejects with the system's error. */
  async resolve(hostname: string): Promise<readonly LookupAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    const known = this.#known.get(hostname);
    const age = known === undefined ? staleTime : Date.now() - known.at;
    if (known !== undefined && age >= 0 && age < freshTime) return known.addresses;
    const lookup = this.#share(hostname);
    if (known === undefined || age < 0 || age >= staleTime) return lookup;
    const renewed = await withTimeout(patience, lookup).catch(() => undefined);
    return renewed ?? known.addresses;
  }

  /** The same for sockets. */
  readonly lookup: LookupFunction = lookupBy((hostname) => this.resolve(hostname));

  /** Notes the address that a connection was made to, which is then tried first. */
  worked(hostname: string, address: string | undefined): void {
    const known = this.#known.get(hostname);
    const used = known?.addresses.find((one) => one.address === address);
    if (known === undefined || used === undefined || used === known.addresses[0]) return;
    const others = known.addresses.filter((one) => one !== used);
    this.#known.set(hostname, { ...known, addresses: [used, ...others] });
  }

  #share(hostname: string): Promise<readonly LookupAddress[]> {
    const running = this.#running.get(hostname);
    if (running !== undefined) return running;
    const lookup = this.#lookUp(hostname).finally(() => this.#running.delete(hostname));
    this.#running.set(hostname, lookup);
    return lookup;
  }

  async #lookUp(hostname: string): Promise<readonly LookupAddress[]> {
    const isBusy = inSystem >= systemThreads;
    const bySystem = this.#bySystem(hostname);
    const addresses = await fastest(bySystem, isBusy ? 0 : patience, () => byOtherWays(hostname));
    const first = this.#known.get(hostname)?.addresses[0];
    this.#known.delete(hostname);
    this.#known.set(hostname, { addresses, at: Date.now() });
    this.worked(hostname, first?.address);
    for (const name of this.#known.keys()) {
      if (this.#known.size <= maxNames) break;
      this.#known.delete(name);
    }
    return this.#known.get(hostname)?.addresses ?? addresses;
  }

  #bySystem(hostname: string): Promise<readonly LookupAddress[]> {
    inSystem += 1;
    return new Promise((resolve, reject) => {
      dns.lookup(hostname, { all: true }, (error, addresses) => {
        inSystem -= 1;
        if (error) reject(error);
        else resolve(addresses);
      });
    });
  }
}

/** The result of `first`, or of `second` if that takes longer than `wait` ms; the error of `first`. */
async function fastest<Result>(
  first: Promise<Result>,
  wait: number,
  second: () => Promise<Result>,
): Promise<Result> {
  const inTime = await withTimeout(wait, first);
  if (inTime !== undefined) return inTime;
  try {
    return await Promise.any([first, second()]);
  } catch {
    return first;
  }
}

async function byOtherWays(hostname: string): Promise<readonly LookupAddress[]> {
  const inFile = addressesIn(await readFile('/etc/hosts', 'utf8').catch(() => ''), hostname);
  if (inFile.length > 0) return inFile;
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 2 });
  const [v4, v6] = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  return [v4, v6].flatMap((found) =>
    found.status === 'rejected'
      ? []
      : found.value.map((address) => ({ address, family: isIP(address) })),
  );
}

/** The addresses of a name in the text of a hosts file. */
function addressesIn(hosts: string, hostname: string): LookupAddress[] {
  return hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return names.includes(hostname) ? [{ address, family: isIP(address) }] : [];
  });
}

/** Makes a lookup for sockets from one that gives all addresses of a name. */
export function lookupBy(
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
