import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** URLs that open one path for one method until they expire, as object stores give them. */
export class SignedUrls {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  /** `now` gives epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The URL of a path at an origin for `seconds` seconds. */
  sign(origin: string, path: string, method: string, seconds: number): string {
    const expires = String(Math.floor(this.#now() / 1000) + seconds);
    const query = new URLSearchParams({
      'X-Standin-Expires': expires,
      'X-Standin-Signature': this.#signature(path, method, expires),
    });
    return `${origin}${path}?${query}`;
  }

  /** Whether a request's URL is good for its method. */
  check(url: URL, method: string): 'good' | 'expired' | 'wrong' {
    const expires = url.searchParams.get('X-Standin-Expires') ?? '';
    const given = Buffer.from(url.searchParams.get('X-Standin-Signature') ?? '');
    const right = Buffer.from(this.#signature(url.pathname, method, expires));
    if (given.length !== right.length || !timingSafeEqual(given, right)) return 'wrong';
    return Number(expires) * 1000 > this.#now() ? 'good' : 'expired';
  }

  #signature(path: string, method: string, expires: string): string {
    return createHmac('sha256', this.#key).update(`${method}\n${path}\n${expires}`).digest('hex');
  }
}
