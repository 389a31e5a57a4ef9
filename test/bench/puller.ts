import { type PullTarget, pullImage } from './pull.ts';
import { largest, median } from './statistics.ts';

/** The one argument of this program, as JSON. */
export interface PullOrder extends PullTarget {
  /** How many clients pull at once. */
  readonly pulls: number;
}

/** What this program prints, as JSON. Times are in milliseconds. */
export interface PullReport {
  readonly slowest: number;
  readonly median: number;
  /** How many pulls failed, by reason. */
  readonly failures: { readonly [reason: string]: number };
}

const order: PullOrder = JSON.parse(process.argv[2] ?? '');
const times: number[] = [];
const failures: { [reason: string]: number } = {};
const start = performance.now();
await Promise.all(
  Array.from({ length: order.pulls }, async () => {
    try {
      await pullImage(order);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures[reason] = (failures[reason] ?? 0) + 1;
    }
    times.push(performance.now() - start);
  }),
);
const report: PullReport = { slowest: largest(times), median: median(times), failures };
console.log(JSON.stringify(report));
