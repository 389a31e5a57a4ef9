import { Gauge, type Registry } from 'prom-client';
import type { BudgetReport } from '../../core/sources/budget/budget-report.ts';

/** Registers metrics of what is left of registries' limits, which are read for each page. */
export function budgetMetrics(
  registry: Registry,
  reports: () => Promise<readonly BudgetReport[]>,
): void {
  const gauge = (name: string, help: string, read: (report: BudgetReport) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['registry', 'account'],
      registers: [registry],
      async collect() {
        const known = await reports();
        this.reset();
        for (const report of known) {
          const value = read(report);
          const { registry: host, account } = report;
          if (value !== undefined) this.set({ registry: host, account }, value);
        }
      },
    });
  gauge(
    'pullfront_upstream_hours_until_dry',
    'Hours until no pull is left at the speed of the last hour; absent if none is spent.',
    ({ hoursUntilDry }) => hoursUntilDry,
  );
  gauge(
    'pullfront_upstream_below_reserve',
    '1 while only the reserve or less is left, so that nothing is pulled ahead of clients, else 0.',
    ({ isBelowReserve }) => Number(isBelowReserve),
  );
}
