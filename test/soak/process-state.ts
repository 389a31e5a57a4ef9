import { readdirSync, readFileSync } from 'node:fs';

/** What the system knows of a process that runs. */
export interface ProcessState {
  /** Resident memory in bytes. */
  readonly resident: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

/** Reads `/proc`; undefined when the process has ended. */
export function processState(pid: number): ProcessState | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    return kilobytes === undefined
      ? undefined
      : { resident: Number(kilobytes) * 1024, descriptors };
  } catch {
    return undefined;
  }
}
