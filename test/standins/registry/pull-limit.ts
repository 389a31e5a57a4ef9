import { jsonReply, type Reply, type ReplyHeaders } from './reply.ts';
import type { PullLimit } from './settings.ts';

/** Whose pulls are counted together. */
export interface Puller {
  readonly address: string;
  readonly account: string | undefined;
}

/** Counts manifest GETs per account or address, in windows that start with the first pull. */
export class PullCounter {
  readonly #now: () => number;
  readonly #windows = new Map<string, { used: number; ends: number }>();

  /** `now` gives epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Starts all windows again. */
  reset(): void {
    this.#windows.clear();
  }

  /** Counts a GET, and says which headers to send or, past the limit, what to answer instead. */
  meet(
    limit: PullLimit,
    puller: Puller,
    method: string,
  ): { headers: ReplyHeaders; refused?: Reply } {
    const most =
      puller.account === undefined ? limit.limit : (limit.accountLimit ?? limit.limit * 2);
    const window = this.#window(puller.account ?? puller.address, limit);
    const refused = window.used >= most && (method === 'GET' || limit.headWhenExhausted === 429);
    if ((method === 'GET' || limit.countsHeads) && !refused) window.used += 1;
    const headers: ReplyHeaders = {
      'ratelimit-limit': `${most};w=${limit.windowSeconds}`,
      'ratelimit-remaining': `${Math.max(0, most - window.used)};w=${limit.windowSeconds}`,
      'docker-ratelimit-source': puller.account ?? puller.address,
    };
    if (!refused) return { headers };
    if (limit.retryAfter !== undefined) headers['retry-after'] = limit.retryAfter;
    return { headers, refused: jsonReply(429, exhausted(puller), headers) };
  }

  #window(key: string, limit: PullLimit): { used: number; ends: number } {
    const found = this.#windows.get(key);
    if (found !== undefined && found.ends > this.#now()) return found;
    const started = { used: 0, ends: this.#now() + limit.windowSeconds * 1000 };
    this.#windows.set(key, started);
    return started;
  }
}

/** Docker Hub's words. */
function exhausted(puller: Puller): unknown {
  const who = puller.account === undefined ? '(unauthenticated) ' : '';
  const message = `You have reached your ${who}pull rate limit. https://www.docker.com/increase-rate-limit`;
  return { errors: [{ code: 'TOOMANYREQUESTS', message }] };
}
