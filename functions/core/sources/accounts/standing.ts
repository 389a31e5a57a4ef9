import type { RateLimit } from '../../headers/rate-limit.ts';
import type { RepositoryPattern } from '../../oci/repository.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import { UnreadableSignIn } from './sign-in.ts';

/** What one instance knows about an account at its registry. Times are in ms since 1970. */
export interface Standing {
  /** What the registry last said is left; undefined if it names no limit. */
  readonly report?: { readonly rate: RateLimit; readonly seen: number } | undefined;
  /** Since when and until when it is not used. */
  readonly rest?:
    | { readonly since: number; readonly until: number; readonly isSignedOut: boolean }
    | undefined;
}

/** An account as far as the choice between accounts depends on it. */
export interface Candidate {
  /** The repositories that it is bound to; all if empty. */
  readonly repositories: readonly Pick<RepositoryPattern, 'test'>[];
  /** True if requests may be anonymous while its credentials cannot be read. */
  readonly isOptional: boolean;
  readonly standing: Standing;
}

/** How long an account rests whose registry does not say, in ms. */
const usualRest = 60_000;
const longestRest = 900_000;

/** How long an account rests after this error, in ms; undefined if the error does not concern it. */
export function restAfter(error: UpstreamError): number | undefined {
  if (error instanceof UnreadableSignIn || error.kind === 'credentials') return usualRest;
  const role = error.answerer?.role ?? 'registry';
  const isOfAccount = role === 'registry' || role === 'token-service';
  if (error.kind !== 'limited' || !isOfAccount) return undefined;
  const { retryAfter } = error;
  return retryAfter === undefined ? usualRest : Math.min(retryAfter * 1000, longestRest);
}

/** True if the account is not used now. False if the clock was set back. */
export function isResting({ rest }: Standing, now: number): boolean {
  return rest !== undefined && now >= rest.since && now < rest.until;
}

/** The pulls that an account has left; infinite if its registry names no limit. */
export function pullsLeft({ report }: Standing, now: number): number {
  if (report === undefined) return Number.POSITIVE_INFINITY;
  const { rate, seen } = report;
  const window = (rate.windowSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const isOver = now < seen || now - seen >= window;
  return isOver ? rate.limit : rate.remaining;
}

/** The accounts that a repository may be read with: those bound to it first. */
export function eligible<Account extends Candidate>(
  accounts: readonly Account[],
  name: string,
): readonly Account[] {
  const bound = accounts.filter(({ repositories }) => repositories.some((one) => one.test(name)));
  return [...bound, ...accounts.filter(({ repositories }) => repositories.length === 0)];
}

/**
 * The accounts to try for a repository, in order: those bound to it first, then the one with the most
 * pulls left. While all of them rest, the one whose rest ends first; none if the request is to be
 * anonymous.
 */
export function accountsToTry<Account extends Candidate>(
  accounts: readonly Account[],
  name: string,
  now: number,
): readonly Account[] {
  const candidates = eligible(accounts, name);
  const awake = candidates.filter(({ standing }) => !isResting(standing, now));
  const isBound = (account: Account) => account.repositories.length > 0;
  if (awake.length > 0) {
    return awake.toSorted(
      (one, other) =>
        Number(isBound(other)) - Number(isBound(one)) ||
        compare(pullsLeft(other.standing, now), pullsLeft(one.standing, now)),
    );
  }
  if (candidates.some(({ isOptional, standing }) => isOptional && standing.rest?.isSignedOut)) {
    return [];
  }
  return candidates.toSorted((one, other) => restEnd(one) - restEnd(other)).slice(0, 1);
}

/** When the account's rest ends, in ms since 1970. */
export function restEnd({ standing }: Candidate): number {
  return standing.rest?.until ?? 0;
}

/** Also for two that are infinite. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
