import { readFileSync } from 'node:fs';

/** The limit that a server needs: a client takes a socket, a file, and a socket to an upstream. */
const needed = 1024;

/** How to raise the limit. */
export const raiseLimit =
  'raise the limit of open files to 4096 or more: ulimit -n 4096, LimitNOFILE=4096 in a systemd ' +
  'unit, or docker run --ulimit nofile=4096';

/** A limit of open files that is too low for a server. */
export interface LowLimit {
  readonly limit: number;
  readonly needed: number;
  readonly hint: string;
}

/** The limit of this process if it is too low. Node has raised it as far as it may. */
export function lowFileLimit(limit = openFileLimit()): LowLimit | undefined {
  return limit === undefined || limit >= needed ? undefined : { limit, needed, hint: raiseLimit };
}

/** The soft limit, which Linux has in a file; undefined if the system does not say. */
export function openFileLimit(file = '/proc/self/limits'): number | undefined {
  try {
    const limits = readFileSync(file, 'utf8');
    const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    // Other systems than Linux: a report takes some milliseconds.
    const report = process.report?.getReport() as Report | undefined;
    const soft = report?.userLimits?.open_files?.soft;
    return typeof soft === 'number' ? soft : undefined;
  }
}

/** What Node's types leave open. */
interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
}
