import type { RateLimit } from '../../headers/rate-limit.ts';
import type { UpstreamEvent } from '../../ports/event.ts';
import type { Upstream } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { type Delegate, delegatingUpstream } from './delegation.ts';
import { UnreadableSignIn } from './sign-in.ts';
import {
  accountsToTry,
  type Candidate,
  eligible,
  isResting,
  pullsLeft,
  restAfter,
  restEnd,
  type Standing,
} from './standing.ts';

/** An account of a pool, with a client of its own. */
export interface PooledAccount extends Omit<Candidate, 'standing'> {
  /** Its label or position: never the user name. */
  readonly name: string;
  readonly client: Upstream;
}

interface PoolOptions {
  readonly registry: string;
  readonly accounts: readonly PooledAccount[];
  /** The client without credentials, for repositories that no account is for. */
  readonly anonymous: Upstream;
  /** Ms since 1970. */
  now(): number;
  observe(event: UpstreamEvent): void;
}

/**
 * The accounts of one registry. A request is sent with the account that has the most pulls left. An
 * account that the registry refused or limited rests, and the request is sent with the next one.
 */
export class AccountPool {
  readonly upstream: Upstream;
  readonly #options: PoolOptions;
  readonly #accounts: readonly (PooledAccount & { standing: Standing })[];

  constructor(options: PoolOptions) {
    const { registry, accounts } = options;
    this.#options = options;
    this.#accounts = accounts.map((account) => ({ ...account, standing: {} }));
    const tokenServiceOf = (name: string) => {
      const [account] = accountsToTry(this.#accounts, name, options.now());
      return (account?.client ?? options.anonymous).tokenServiceOf(name);
    };
    const request: Delegate = (name, send) => this.#request(name, send);
    this.upstream = delegatingUpstream(registry, tokenServiceOf, request);
  }

  /** Notes what the registry said is left for an account; returns it for the one with the most left. */
  reported(name: string, rate: RateLimit): RateLimit {
    const now = this.#options.now();
    for (const account of this.#accounts) {
      if (account.name === name)
        account.standing = { ...account.standing, report: { rate, seen: now } };
    }
    const usable = this.#accounts.filter(({ standing }) => !isResting(standing, now));
    const remaining = usable.reduce(
      (most, { standing }) => Math.max(most, pullsLeft(standing, now)),
      rate.remaining,
    );
    return { ...rate, remaining };
  }

  #request: Delegate = async (name, send) => {
    const { anonymous, now } = this.#options;
    const errors: UpstreamError[] = [];
    for (const account of accountsToTry(this.#accounts, name, now())) {
      try {
        return await send(account.client);
      } catch (error) {
        // Its budget knows when it can be used again.
        if (error instanceof UpstreamError && error.isUnsent) {
          errors.push(error);
          continue;
        }
        const milliseconds = error instanceof UpstreamError ? restAfter(error) : undefined;
        if (!(error instanceof UpstreamError) || milliseconds === undefined) throw error;
        this.#rest(account, error, milliseconds);
        errors.push(error);
      }
    }
    const candidates = eligible(this.#accounts, name);
    const isSignedOut = candidates.some(
      ({ isOptional, standing }) =>
        isOptional && standing.rest?.isSignedOut && isResting(standing, now()),
    );
    if (errors.length === 0 || isSignedOut) return send(anonymous);
    throw this.#refusal(candidates, errors);
  };

  #rest(
    account: PooledAccount & { standing: Standing },
    error: UpstreamError,
    milliseconds: number,
  ) {
    const { registry, now, observe } = this.#options;
    const since = now();
    const wasResting = isResting(account.standing, since);
    const isSignedOut = error instanceof UnreadableSignIn;
    const rest = { since, until: since + milliseconds, isSignedOut };
    account.standing = { ...account.standing, rest };
    const { name, isOptional } = account;
    // A single account is asked again all the same.
    const hasOther = this.#accounts.length > 1 || (isSignedOut && isOptional);
    if (wasResting || !hasOther) return;
    const reason =
      isSignedOut && isOptional ? `${error.reason}; anonymous meanwhile` : error.message;
    observe({ kind: 'account-rests', registry, account: name, milliseconds, reason });
  }

  /** The error when no account is left: a limit lasts until the first of them may be used again. */
  #refusal(candidates: readonly Candidate[], errors: readonly UpstreamError[]): UpstreamError {
    const limited = errors.find(({ kind }) => kind === 'limited');
    if (limited === undefined || candidates.length === 1)
      return limited ?? (errors.at(-1) as UpstreamError);
    const unsent = errors.filter(({ isUnsent }) => isUnsent);
    if (unsent.length > 0) {
      return unsent.reduce((one, other) => (waitOf(other) < waitOf(one) ? other : one));
    }
    const { message, status, retryAfter, answerer, limit } = limited;
    if (retryAfter === undefined) return limited;
    const ends = candidates.map(restEnd).reduce((first, end) => Math.min(first, end));
    const left = ends - this.#options.now();
    const seconds = Math.max(Math.ceil(left / 1000), 1);
    const details = { status, retryAfter: seconds, answerer, limit, cause: limited };
    return new UpstreamError('limited', message, details);
  }
}

function waitOf({ retryAfter = Number.POSITIVE_INFINITY }: UpstreamError): number {
  return retryAfter;
}
