import { readFile } from 'node:fs/promises';

/** The resident memory of a process in bytes: now, and at its highest since it started. */
export interface ProcessMemory {
  readonly now: number;
  readonly highest: number;
}

/** Reads the resident memory from `/proc/<pid>/status`. */
export async function processMemory(pid: number): Promise<ProcessMemory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return { now: field(status, 'VmRSS'), highest: field(status, 'VmHWM') };
}

function field(status: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return Number(kilobytes ?? Number.NaN) * 1024;
}
