import { expect, test } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { AccountBudget } from '../../../../../functions/core/sources/budget/account-budget.ts';
import { RegistryBudget } from '../../../../../functions/core/sources/budget/registry-budget.ts';

const [first, second] = ['first', 'second'].map((text) => new UpstreamError('limited', text));

/** A registry of accounts that are stopped for these reasons. */
function budgetOf(...reasons: (UpstreamError | undefined)[]) {
  const accounts = reasons.map((reason) => ({
    stopped: reason,
    pullLimit: reason,
    mayPullAhead: reason === undefined,
  }));
  const { stopped, pullLimit, mayPullAhead } = new RegistryBudget(
    accounts as unknown as AccountBudget[],
  );
  return [stopped, pullLimit, mayPullAhead];
}

test('a registry is stopped if all of its accounts are, for the reason of the first', () => {
  expect(budgetOf(first, second)).toEqual([first, first, false]);
  expect(budgetOf(first)).toEqual([first, first, false]);
});

test.each([[[undefined, second]], [[first, undefined]], [[undefined]]])(
  'one account that is not stopped is enough (%#)',
  (reasons) => {
    expect(budgetOf(...reasons)).toEqual([undefined, undefined, true]);
  },
);
