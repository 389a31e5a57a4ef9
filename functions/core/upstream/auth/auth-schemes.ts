import { keepNewest } from '../../concurrency/bounded-cache.ts';

/** The authorization that a registry's challenge demands. */
export type AuthScheme =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: URL;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** What a repository's requests need, as far as the registry's challenges are known. */
export interface KnownScheme {
  /** Undefined: no authorization. */
  readonly scheme: AuthScheme | undefined;
  /** False if only other repositories had this challenge. */
  readonly isOwn: boolean;
}

/** Clients choose the names. */
const maxNames = 1000;

/** How long a repository is read without a token before the usual one is tried again, in ms. */
const openLife = 60_000;

/** The challenges of one registry. Repositories may have realms of their own, or need no token. */
export class AuthSchemes {
  readonly #now: () => number;
  #usual: AuthScheme | undefined;
  /** By repository; a number is the time when it was read without a token. */
  readonly #own = new Map<string, AuthScheme | number>();

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  of(name: string): KnownScheme {
    const own = this.#own.get(name);
    if (typeof own === 'object') return { scheme: own, isOwn: true };
    const age = own === undefined ? openLife : this.#now() - own;
    const isOpen = age >= 0 && age < openLife;
    return isOpen ? { scheme: undefined, isOwn: true } : { scheme: this.#usual, isOwn: false };
  }

  /** The repository had this challenge. */
  remember(name: string, scheme: AuthScheme): void {
    keepNewest(this.#own, name, scheme, maxNames);
  }

  /** The repository was read without a token, when the usual one could not be had. */
  rememberOpen(name: string): void {
    keepNewest(this.#own, name, this.#now(), maxNames);
  }

  /** A scheme worked: it becomes the usual one if there was none, or if `usualMoved`. */
  confirm(scheme: AuthScheme, usualMoved: boolean): void {
    if (this.#usual !== undefined && !usualMoved) return;
    const former = realmOf(this.#usual);
    this.#usual = scheme;
    if (former === undefined) return;
    // Repositories with a challenge of the former realm need not find out one by one that it is gone.
    for (const [name, own] of this.#own) {
      if (typeof own === 'object' && realmOf(own) === former) this.#own.delete(name);
    }
  }
}

function realmOf(scheme: AuthScheme | undefined): string | undefined {
  return scheme?.kind === 'bearer' ? scheme.realm.href : undefined;
}
