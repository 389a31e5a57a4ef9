import { expect, test } from 'vitest';
import { askOthersAfter, planOf } from '../../../../../functions/core/sources/alternates/plan.ts';

const well = { isLimited: false, isResting: false, isOverdue: false, breaks: 0 };
const later = askOthersAfter;

test.each([
  ['it answers', {}, { first: 'registry', wait: later }],
  ['it owes an answer', { isOverdue: true }, { first: 'registry', wait: 0 }],
  ['a body broke off once', { breaks: 1 }, { first: 'registry', wait: later }],
  ['a body broke off twice', { breaks: 2 }, { first: 'alternates', wait: later }],
  ['it failed', { isResting: true }, { first: 'alternates', wait: later }],
  [
    'it failed and is slow',
    { isResting: true, isOverdue: true },
    { first: 'alternates', wait: later },
  ],
  ['it is limited', { isLimited: true }, { first: 'alternates', wait: undefined }],
  [
    'it is limited and failed',
    { isLimited: true, isResting: true, isOverdue: true, breaks: 3 },
    { first: 'alternates', wait: undefined },
  ],
])('whom to ask first if %s', (_, state, plan) => {
  expect(planOf({ ...well, ...state })).toEqual(plan);
});
