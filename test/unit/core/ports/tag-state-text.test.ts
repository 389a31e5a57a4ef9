import { expect, test } from 'vitest';
import { emptyTagState, keptUntil } from '../../../../functions/core/ports/tag-state-text.ts';
import { runLife } from '../../../../functions/core/ports/tag-states.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const order = { digest: madeDigest('frozen'), by: 'ann', why: 'because', since: 1 };

test('a state is kept for a year after its write or the end of its last decision', () => {
  expect(keptUntil(emptyTagState, 5)).toBe(5 + runLife);
  const ended = { ...emptyTagState, frozen: { ...order, until: 3 } };
  expect(keptUntil(ended, 5)).toBe(5 + runLife);
  const ending = { ...ended, pinned: { ...order, until: 9 } };
  expect(keptUntil(ending, 5)).toBe(9 + runLife);
});

test('a decision without an end keeps it', () => {
  expect(keptUntil({ ...emptyTagState, rolledBack: order }, 5)).toBeUndefined();
  const ruleFreeze = { rule: 'library/**', digest: order.digest, since: 1 };
  expect(keptUntil({ ...emptyTagState, ruleFreeze }, 5)).toBeUndefined();
});
