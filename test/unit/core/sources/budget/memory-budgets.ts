import type { Runtime } from '../../../../../functions/core/ports/runtime.ts';
import { tolerate } from '../../../../../functions/core/ports/tolerate.ts';
import { Budgets } from '../../../../../functions/core/sources/budget/budgets.ts';
import { MemoryLeases } from '../../../../../functions/memory/leases.ts';
import { MemoryLedger } from '../../../../../functions/memory/ledger.ts';

/** The budgets of one process, in memory. */
export function memoryBudgets(
  given: Pick<Runtime, 'now' | 'waitUntil' | 'observe' | 'random'>,
  ledger = new MemoryLedger(),
): Budgets {
  const runtime = { ...given, sleep: async () => undefined };
  const leases = tolerate(new MemoryLeases(() => runtime.now()), runtime.observe);
  return new Budgets({ leases, ledger, runtime, isShared: false });
}
