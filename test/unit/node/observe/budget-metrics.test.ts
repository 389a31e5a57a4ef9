import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { budgetMetrics } from '../../../../functions/node/observe/budget-metrics.ts';

const report = (account: string, hoursUntilDry: number | undefined, isBelowReserve: boolean) => ({
  registry: 'docker.io',
  account,
  rate: undefined,
  open: [],
  isBelowReserve,
  hoursUntilDry,
  repositories: [],
  networks: [],
});

test('what is left of limits is read for each page, and an account that is gone is not shown', async () => {
  const registry = new Registry();
  let reports = [report('a', 1.5, false), report('b', undefined, true)];
  budgetMetrics(registry, async () => reports);
  const samples = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(await samples()).toEqual([
    'pullfront_upstream_hours_until_dry{registry="docker.io",account="a"} 1.5',
    'pullfront_upstream_below_reserve{registry="docker.io",account="a"} 0',
    'pullfront_upstream_below_reserve{registry="docker.io",account="b"} 1',
  ]);
  reports = [report('b', 2, false)];
  expect(await samples()).toEqual([
    'pullfront_upstream_hours_until_dry{registry="docker.io",account="b"} 2',
    'pullfront_upstream_below_reserve{registry="docker.io",account="b"} 0',
  ]);
});
