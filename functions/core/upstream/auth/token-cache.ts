import { keepNewest } from '../../concurrency/bounded-cache.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';

/** What a token service answered: a token with its life in seconds, or that there is none. */
export type TokenGrant =
  | { readonly kind: 'granted'; readonly token: string; readonly seconds: number }
  | { readonly kind: 'denied' };

/** A token, and whether the token service gave it just now. */
export type TokenLookup =
  | { readonly kind: 'granted'; readonly token: string; readonly fresh: boolean }
  | { readonly kind: 'denied' };

interface CachedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  refreshAt: number;
}

const maxTokens = 1000;

/** The part of its life after which a token is replaced, while it can still stand in. */
const refreshShare = 0.8;

/** Milliseconds without a further attempt when a refresh failed and the token still works. */
const refreshPause = 10_000;

/** Kinds of failure in which a token that has not expired is still good. */
function isPassing(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.kind !== 'credentials' && error.kind !== 'invalid';
}

/** The tokens of one upstream and one credential, by realm, service and scope; the oldest go first. */
export interface TokenCache {
  /**
   * The token for a key: from memory while it is young, else from `request`, of which only one runs
   * for a key at a time. When that fails in passing, a token that has not expired is used on.
   */
  get(key: string, request: () => Promise<TokenGrant>): Promise<TokenLookup>;
  /** True when there is a token for this key that has not expired. */
  has(key: string): boolean;
  /** Drops a token that the registry refused, unless another one took its place meanwhile. */
  forget(key: string, token: string): void;
}

/** No token is known yet. `now` gives milliseconds since 1970. */
export function createTokenCache(now: () => number): TokenCache {
  const tokens = new Map<string, CachedToken>();
  const flights = new Map<string, Promise<TokenGrant>>();

  function shared(key: string, request: () => Promise<TokenGrant>): Promise<TokenGrant> {
    const flight = flights.get(key);
    if (flight !== undefined) return flight;
    const started = fetchToken(key, request).finally(() => flights.delete(key));
    flights.set(key, started);
    return started;
  }

  async function fetchToken(key: string, request: () => Promise<TokenGrant>): Promise<TokenGrant> {
    // Counted from before the request: the token was made at some moment since.
    const since = now();
    const grant = await request();
    if (grant.kind === 'denied') {
      tokens.delete(key);
      return grant;
    }
    const life = grant.seconds * 1000;
    keep(key, {
      token: grant.token,
      expiresAt: since + life,
      refreshAt: since + life * refreshShare,
    });
    return grant;
  }

  const keep = (key: string, token: CachedToken) => keepNewest(tokens, key, token, maxTokens);

  return {
    async get(key: string, request: () => Promise<TokenGrant>): Promise<TokenLookup> {
      const known = tokens.get(key);
      if (known !== undefined && now() < known.refreshAt) {
        keep(key, known);
        return { kind: 'granted', token: known.token, fresh: false };
      }
      try {
        const grant = await shared(key, request);
        return grant.kind === 'denied' ? grant : { ...grant, fresh: true };
      } catch (error) {
        const at = now();
        const usable = tokens.get(key);
        if (usable === undefined || at >= usable.expiresAt || !isPassing(error)) throw error;
        const pause = error.retryAfter === undefined ? refreshPause : error.retryAfter * 1000;
        usable.refreshAt = Math.max(usable.refreshAt, at + pause);
        return { kind: 'granted', token: usable.token, fresh: false };
      }
    },

    has: (key) => now() < (tokens.get(key)?.expiresAt ?? 0),

    forget(key: string, token: string): void {
      if (tokens.get(key)?.token === token) tokens.delete(key);
    },
  };
}
