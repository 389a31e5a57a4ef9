import type { AnswerHeaders } from './answer-headers.ts';

/** Of larger limits, what remains is rounded down to this part of them. */
const steps = 10_000;

/** How many counts are kept as text. */
const mostTexts = 20_000;

/**
 * The headers of Docker Hub that say how many pulls are left: its clients and another Pullfront read them.
 * Every answer of a limited client has them, and writing numbers takes longer than all else that a limit
 * costs, so their text is kept.
 */
export class RateLimitHeaders {
  readonly #texts = new Map<number, string>();

  /** Adds them to the headers of an answer. `reset` is in seconds. */
  add(headers: AnswerHeaders, limit: number, remaining: number, reset: number): void {
    const step = Math.ceil(limit / steps);
    headers['ratelimit-limit'] = this.#perMinute(limit);
    headers['ratelimit-remaining'] = this.#perMinute(remaining - (remaining % step));
    headers['ratelimit-reset'] = String(reset);
  }

  #perMinute(count: number): string {
    const known = this.#texts.get(count);
    if (known !== undefined) return known;
    if (this.#texts.size >= mostTexts) this.#texts.clear();
    const text = `${count};w=60`;
    this.#texts.set(count, text);
    return text;
  }
}
