import { expect, it } from 'vitest';
import { Recent } from '../../../../../functions/core/mirror/tags/known-policy.ts';
import type { TagRecord } from '../../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const record: TagRecord = {
  ...{ digest: madeDigest('one'), mediaType: 'm', size: 1 },
  ...{ firstSeen: 0, changed: 0, checked: 0, history: [] },
};

it('decides once for the clients of a moment, and again for another record', () => {
  const recent = new Recent<object>();
  const decide = () => ({});
  const first = recent.of(record, 1000, decide);
  expect(recent.of(record, 1099, decide)).toBe(first);
  const checked = recent.of({ ...record, checked: 1 }, 1099, decide);
  expect(checked).not.toBe(first);
  expect(recent.of(record, 1099, decide)).not.toBe(checked);
});

it('decides again after a moment, and after the clock was set back', () => {
  const recent = new Recent<object>();
  const decide = () => ({});
  const first = recent.of(record, 1000, decide);
  const later = recent.of(record, 1100, decide);
  expect(later).not.toBe(first);
  expect(recent.of(record, 1099, decide)).not.toBe(later);
});
