import { keepNewest } from '../../concurrency/bounded-cache.ts';

/** How a registry wants to be asked, as a challenge said. */
export type Demand =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: URL;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** What a repository is asked with as far as its registry's challenges are known. */
export interface KnownDemand {
  /** undefined: with nothing. */
  readonly demand: Demand | undefined;
  /** True when this repository itself was challenged so, false when another one was. */
  readonly isOwn: boolean;
}

/** The challenges of one registry. Repositories may have realms of their own, or need no token. */
export interface Demands {
  of(name: string): KnownDemand;
  /** The repository was challenged so. */
  challenged(name: string, demand: Demand): void;
  /** The repository was read with nothing, when the usual token could not be had. */
  opened(name: string): void;
  /** A demand that was met: it is the usual one if there was none, or the usual one moved. */
  met(demand: Demand, usualMoved: boolean): void;
}

/** Clients choose the names. */
const maxNames = 1000;

/** How long a repository is read with nothing before the usual token is tried again, in ms. */
const openLife = 60_000;

/** No challenge is known yet. `now` gives milliseconds since 1970. */
export function createDemands(now: () => number): Demands {
  let usual: Demand | undefined;
  /** What is known of single repositories; a number is when one was read with nothing. */
  const own = new Map<string, Demand | number>();

  return {
    of(name) {
      const known = own.get(name);
      if (typeof known === 'object') return { demand: known, isOwn: true };
      const age = known === undefined ? openLife : now() - known;
      if (age >= 0 && age < openLife) return { demand: undefined, isOwn: true };
      return { demand: usual, isOwn: false };
    },

    challenged: (name, demand) => keepNewest(own, name, demand, maxNames),

    opened: (name) => keepNewest(own, name, now(), maxNames),

    met(demand, usualMoved) {
      if (usual !== undefined && !usualMoved) return;
      const former = realmOf(usual);
      usual = demand;
      if (former === undefined) return;
      // Who was challenged by the realm that is gone need not find that out one by one.
      for (const [name, known] of own) {
        if (typeof known === 'object' && realmOf(known) === former) own.delete(name);
      }
    },
  };
}

function realmOf(demand: Demand | undefined): string | undefined {
  return demand?.kind === 'bearer' ? demand.realm.href : undefined;
}
