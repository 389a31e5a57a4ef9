import { StandardRetryStrategy } from '@smithy/core/retry';
import { hadNoEffect } from './service-error.ts';

/** Including the first attempt. */
export const maxAttempts = 4;

/** No attempt starts later than this after the first, because clients wait. In ms. */
const retryWindow = 900;

/**
 * The SDK would pause for a second or more after throttling. Full jitter, so that instances that were
 * throttled together do not return together.
 */
const backoff = {
  setDelayBase: () => undefined,
  computeNextBackoffDelay: (attempt: number) => Math.random() * 25 * 4 ** attempt,
};

type Token = Awaited<ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']>>;
type Failure = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[1];

/** The SDK's standard retries, with short pauses for calls that clients wait for. */
export class PromptRetries extends StandardRetryStrategy {
  readonly #now: () => number;
  /** When a call's first attempt started, in ms. */
  readonly #began = new WeakMap<object, number>();

  /** `now` in ms. */
  constructor(now: () => number) {
    super({ maxAttempts, backoff });
    this.#now = now;
  }

  override async acquireInitialRetryToken(scope: string): Promise<Token> {
    const token = await super.acquireInitialRetryToken(scope);
    this.#began.set(token, this.#now());
    return token;
  }

  override async refreshRetryTokenForRetry(token: Token, failure: Failure): Promise<Token> {
    const began = this.#began.get(token) ?? Number.NEGATIVE_INFINITY;
    if (this.#now() - began >= retryWindow) throw new Error('no time for another attempt');
    const next = await super.refreshRetryTokenForRetry(token, failure);
    this.#began.set(next, began);
    return next;
  }
}

/** For calls that must not be applied twice: only retries those that certainly had no effect. */
export class SafeRetries extends PromptRetries {
  override async refreshRetryTokenForRetry(token: Token, failure: Failure): Promise<Token> {
    if (!hadNoEffect(failure.error)) throw new Error('the call may have taken effect');
    return super.refreshRetryTokenForRetry(token, failure);
  }
}
