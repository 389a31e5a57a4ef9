import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RepositoryPattern } from '../../../../../functions/core/oci/repository.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import {
  accountsToTry,
  type Candidate,
  isResting,
  pullsLeft,
  restAfter,
} from '../../../../../functions/core/sources/accounts/standing.ts';

const now = 1_000_000;

const candidate = fc
  .record({
    repositories: fc.constantFrom([], ['team/**'], ['other/**']),
    isOptional: fc.boolean(),
    remaining: fc.option(fc.integer({ min: 0, max: 200 })),
    rest: fc.option(
      fc.record({ left: fc.integer({ min: -10, max: 10 }), isSignedOut: fc.boolean() }),
    ),
  })
  .map(({ repositories, isOptional, remaining, rest }): Candidate => {
    const rate = remaining === null ? null : { limit: 200, remaining, windowSeconds: undefined };
    return {
      repositories: repositories.map((glob) => new RepositoryPattern(glob)),
      isOptional,
      standing: {
        report: rate === null ? undefined : { rate, seen: now },
        rest: rest === null ? undefined : { since: 0, until: now + rest.left, ...rest },
      },
    };
  });

const isBound = ({ repositories }: Candidate) => repositories.length > 0;
const mayRead = ({ repositories }: Candidate, name: string) =>
  repositories.length === 0 || repositories.some((one) => one.test(name));

test('an account is tried only for its repositories, those bound to one first, the most left first', () => {
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), (accounts) => {
      const order = accountsToTry(accounts, 'team/app', now);
      expect(order.every((account) => mayRead(account, 'team/app'))).toBe(true);
      expect(new Set(order).size).toBe(order.length);
      const awake = accounts.filter(
        (one) => mayRead(one, 'team/app') && !isResting(one.standing, now),
      );
      if (awake.length > 0) expect(new Set(order)).toEqual(new Set(awake));
      for (const [index, account] of order.slice(1).entries()) {
        const before = order[index] as Candidate;
        if (isBound(before) !== isBound(account)) expect(isBound(before)).toBe(true);
        else {
          expect(pullsLeft(before.standing, now)).toBeGreaterThanOrEqual(
            pullsLeft(account.standing, now),
          );
        }
      }
    }),
  );
});

test('while all accounts rest, the one that may be used first is tried, or none if signed out', () => {
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 6 }), (accounts) => {
      const eligible = accounts.filter((one) => mayRead(one, 'team/app'));
      if (eligible.some(({ standing }) => !isResting(standing, now))) return;
      const order = accountsToTry(accounts, 'team/app', now);
      const isAnonymous =
        eligible.length === 0 ||
        eligible.some(({ isOptional, standing }) => isOptional && standing.rest?.isSignedOut);
      expect(order).toHaveLength(isAnonymous ? 0 : 1);
      const end = (one: Candidate | undefined) => one?.standing.rest?.until;
      if (!isAnonymous) {
        expect(end(order[0])).toBe(Math.min(...eligible.map((one) => end(one) as number)));
      }
    }),
  );
});

test('a limit whose window is over counts as whole again, and a registry without one as unlimited', () => {
  const rate = { limit: 100, remaining: 3, windowSeconds: 60 };
  expect(pullsLeft({ report: { rate, seen: now } }, now + 59_999)).toBe(3);
  expect(pullsLeft({ report: { rate, seen: now } }, now + 60_000)).toBe(100);
  expect(pullsLeft({}, now)).toBe(Number.POSITIVE_INFINITY);
});

test.each<[string, UpstreamError, number | undefined]>([
  ['a refused password', new UpstreamError('credentials', ''), 60_000],
  ['a 429', new UpstreamError('limited', ''), 60_000],
  ['a 429 with a Retry-After', new UpstreamError('limited', '', { retryAfter: 7 }), 7_000],
  ['a very long Retry-After', new UpstreamError('limited', '', { retryAfter: 21_600 }), 900_000],
  [
    'a 429 of a token service',
    new UpstreamError('limited', '', { answerer: { role: 'token-service', host: 'auth' } }),
    60_000,
  ],
  [
    'a 429 of a CDN, which knows no account',
    new UpstreamError('limited', '', { answerer: { role: 'blob-host', host: 'cdn' } }),
    undefined,
  ],
  ['a 503', new UpstreamError('unavailable', '', { status: 503 }), undefined],
  ['silence', new UpstreamError('timeout', ''), undefined],
])('%s rests the account: %s', (_, error, milliseconds) => {
  expect(restAfter(error)).toBe(milliseconds);
});

test('a rest does not outlast a clock that was set back', () => {
  const rest = { since: now, until: now + 60_000, isSignedOut: false };
  expect(isResting({ rest }, now)).toBe(true);
  expect(isResting({ rest }, now - 1)).toBe(false);
  expect(isResting({ rest }, now + 60_000)).toBe(false);
});
