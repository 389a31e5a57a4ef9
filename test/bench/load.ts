import { accept } from './pull.ts';
import type { Workspace } from './workspace.ts';

/** What a load generator saw. Times are in milliseconds. */
export interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** A way to load one URL over `connections` connections. */
export type LoadGenerator = (
  workspace: Workspace,
  url: string,
  connections: number,
  seconds: number,
) => Promise<Load>;

/** Sends GETs with wrk over `connections` connections; throws if any answer was not 2xx. */
export const wrk: LoadGenerator = async (workspace, url, connections, seconds) => {
  const threads = Math.min(2, connections);
  // wrk would drop what is slower than 2 s from its percentiles.
  const args = [
    '--latency',
    '--timeout',
    '30s',
    `-t${threads}`,
    `-c${connections}`,
    `-d${seconds}s`,
  ];
  const stdout = await workspace.run('wrk', [...args, '-H', `Accept: ${accept}`, url]);
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
  if (bad !== undefined) throw new Error(`wrk: ${bad}`);
  return {
    rate: numberIn(stdout, /Requests\/sec:\s+([\d.]+)/),
    p50: millisecondsIn(stdout, '50%'),
    p99: millisecondsIn(stdout, '99%'),
  };
};

/** Sends HEADs with hey, as wrk waits for bodies that HEAD never has; throws if one was not 200. */
export const heyHead: LoadGenerator = async (workspace, url, connections, seconds) => {
  const args = ['-m', 'HEAD', '-c', String(connections), '-z', `${seconds}s`];
  const stdout = await workspace.run('hey', [...args, url]);
  const statuses = [...stdout.matchAll(/\[(\d{3})\]\t\d+ responses/g)].map((one) => one[1]);
  if (statuses.length !== 1 || statuses[0] !== '200') throw new Error(`hey: ${statuses.join()}`);
  return {
    rate: numberIn(stdout, /Requests\/sec:\s+([\d.]+)/),
    p50: numberIn(stdout, /50%%? in ([\d.]+) secs/) * 1000,
    p99: numberIn(stdout, /99%%? in ([\d.]+) secs/) * 1000,
  };
};

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

const unitMilliseconds: { readonly [unit: string]: number } = { us: 0.001, ms: 1, s: 1000 };

function millisecondsIn(text: string, percentile: string): number {
  const [, value, unit] = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value ?? Number.NaN) * (unitMilliseconds[unit ?? ''] ?? Number.NaN);
}
