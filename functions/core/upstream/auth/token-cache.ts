import { keepNewest } from '../../concurrency/bounded-cache.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';

/** The answer of a token service: a token and its life, or none. */
export type TokenGrant =
  | { readonly kind: 'granted'; readonly token: string; readonly seconds: number }
  | { readonly kind: 'denied' };

/** A token; `fresh` if the token service granted it just now. */
export type TokenLookup =
  | { readonly kind: 'granted'; readonly token: string; readonly fresh: boolean }
  | { readonly kind: 'denied' };

interface CachedToken {
  readonly token: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
  refreshAt: number;
}

const maxTokens = 1000;

/** A token is replaced after this part of its life, but works until its end. */
const refreshShare = 0.8;

/** The pause after a failed refresh while the token still works, in ms. */
const refreshPause = 10_000;

/** True for a failure after which a token that has not expired is still good. */
function isPassing(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.kind !== 'credentials' && error.kind !== 'invalid';
}

/** The tokens of one upstream and one credential, by realm, service and scope. */
export class TokenCache {
  readonly #now: () => number;
  readonly #tokens = new Map<string, CachedToken>();
  readonly #requests = new Map<string, Promise<TokenGrant>>();

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The cached token while it is young, else one from `request`, which runs once at a time for a key.
   * If that fails in passing, a token that has not expired is used again.
   */
  async get(key: string, request: () => Promise<TokenGrant>): Promise<TokenLookup> {
    const cached = this.#tokens.get(key);
    if (cached !== undefined && this.#now() < cached.refreshAt) {
      this.#keep(key, cached);
      return { kind: 'granted', token: cached.token, fresh: false };
    }
    try {
      const grant = await this.#share(key, request);
      return grant.kind === 'denied' ? grant : { ...grant, fresh: true };
    } catch (error) {
      const now = this.#now();
      const usable = this.#tokens.get(key);
      if (usable === undefined || now >= usable.expiresAt || !isPassing(error)) throw error;
      const pause = error.retryAfter === undefined ? refreshPause : error.retryAfter * 1000;
      usable.refreshAt = Math.max(usable.refreshAt, now + pause);
      return { kind: 'granted', token: usable.token, fresh: false };
    }
  }

  /** The token that has not expired, if any. Requests nothing. */
  peek(key: string): string | undefined {
    const cached = this.#tokens.get(key);
    return cached !== undefined && this.#now() < cached.expiresAt ? cached.token : undefined;
  }

  /** Drops a token that the registry refused, unless it was replaced meanwhile. */
  forget(key: string, token: string): void {
    if (this.#tokens.get(key)?.token === token) this.#tokens.delete(key);
  }

  #share(key: string, request: () => Promise<TokenGrant>): Promise<TokenGrant> {
    const running = this.#requests.get(key);
    if (running !== undefined) return running;
    const started = this.#fetch(key, request).finally(() => this.#requests.delete(key));
    this.#requests.set(key, started);
    return started;
  }

  async #fetch(key: string, request: () => Promise<TokenGrant>): Promise<TokenGrant> {
    // The token's life began at some moment after this.
    const since = this.#now();
    const grant = await request();
    if (grant.kind === 'denied') {
      this.#tokens.delete(key);
      return grant;
    }
    const { token, seconds } = grant;
    const life = seconds * 1000;
    this.#keep(key, { token, expiresAt: since + life, refreshAt: since + life * refreshShare });
    return grant;
  }

  #keep(key: string, token: CachedToken): void {
    keepNewest(this.#tokens, key, token, maxTokens);
  }
}
