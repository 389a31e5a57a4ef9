import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Contender } from './contender.ts';

/** Where and when a run was made: numbers of different machines are not comparable. */
export interface MachineFacts {
  readonly date: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the last minute before the run: above 0.5 others worked here too. */
  readonly load: number;
  readonly versions: { readonly [name: string]: string };
}

/** Collects the facts of this machine and the versions of what is compared. */
export function machineFacts(contenders: readonly Contender[]): MachineFacts {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    cores: cores.length,
    cpu: cores[0]?.model ?? 'unknown',
    memoryGB: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? Number.NaN,
    versions: Object.fromEntries(contenders.map((one) => [one.name, one.version])),
  };
}
