import { expect, test } from 'vitest';
import type { Mutant } from './mutations.ts';
import { survived, TestRuns } from './test-runs.ts';
import type { Outcome } from './working-copy.ts';

const file = 'functions/core/clients/networks.ts';
const own = 'test/unit/core/clients/networks.test.ts';
const mutant: Mutant = { file, mutation: { start: 0, end: 1, text: '', line: 1, change: '' } };

/** Own tests that fail with each mutant, and the first `failures` times without one. */
function flakyTests(failures: number) {
  const failed: Outcome = { is: 'failed', failed: [own] };
  const passed: Outcome = { is: 'passed', failed: [] };
  let checks = 0;
  return new TestRuns(
    {
      run: async (tests) => (tests.includes(own) ? failed : passed),
      check: async () => (++checks > failures ? passed : failed),
    },
    1000,
  );
}

test.each([0, 1])('tests that fail %i times without a fault notice it', async (failures) => {
  expect(await flakyTests(failures).fateOf(mutant)).toBe(`noticed by ${own}`);
});

test('tests that fail twice without a fault are left out', async () => {
  const tests = flakyTests(2);
  expect(await tests.fateOf(mutant)).toBe(survived);
  expect(await tests.fateOf(mutant)).toBe(survived);
});
