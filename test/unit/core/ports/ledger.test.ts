import { expect, it } from 'vitest';
import { addCounts, counterNames, noCounts } from '../../../../functions/core/ports/ledger.ts';

it('counts are added by name, and what is not given stays', () => {
  expect([...counterNames].sort()).toEqual(Object.keys(noCounts).sort());
  const first = addCounts(noCounts, { pullsServed: 2, bytesServed: 1000 });
  const second = addCounts(first, { pullsServed: 1, pullsAvoided: 1 });
  expect(first).toEqual({ ...noCounts, pullsServed: 2, bytesServed: 1000 });
  expect(second).toEqual({ ...first, pullsServed: 3, pullsAvoided: 1 });
  expect(Object.values(noCounts)).toEqual([0, 0, 0, 0, 0]);
});
