import { StandardRetryStrategy } from '@smithy/core/retry';
import { isUntouched } from './service-error.ts';

/** How often a call is tried at most. */
export const maxAttempts = 4;

/** No attempt begins later than this after the first: a client waits. In ms. */
const retryWindow = 1500;

/**
 * The SDK pauses for a second and more after throttling. Full jitter: instances that were refused
 * together do not come back together.
 */
const backoff = {
  setDelayBase: () => undefined,
  computeNextBackoffDelay: (attempt: number) => Math.random() * 25 * 4 ** attempt,
};

type Token = Awaited<ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']>>;
type Failure = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[1];

/** The SDK's standard retries, for calls that a client waits for. */
export class PromptRetries extends StandardRetryStrategy {
  readonly #now: () => number;
  /** When the first attempt of a call began, in ms. */
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

/** For calls that must not take effect twice: repeats only what surely had no effect. */
export class UntouchedRetries extends PromptRetries {
  override async refreshRetryTokenForRetry(token: Token, failure: Failure): Promise<Token> {
    if (!isUntouched(failure.error)) throw new Error('the call may have taken effect');
    return super.refreshRetryTokenForRetry(token, failure);
  }
}
