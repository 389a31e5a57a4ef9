import { requestFields } from '../../node/observe/request-line.ts';
import type { RequestRecord } from '../../node/observe/request-record.ts';
import type { Measured } from '../lambda/embedded-metrics.ts';
import type { Log, LogLevel } from '../lambda/metric-log.ts';

/** Writes the line of a request, which also carries its metrics and those of `counted`. */
export function logRequest(log: Log, record: RequestRecord, counted: readonly Measured[]): void {
  const { kind, cache = 'none' } = record.note;
  const request = { name: 'Requests', value: 1, by: { cache, kind } } as const;
  log.measure([request, ...counted], levelOf(record), 'request', requestFields(record));
}

/** Probes of machines would drown the requests of clients. */
function levelOf({ note, status }: RequestRecord): LogLevel {
  if (note.kind === 'healthz') return 'debug';
  return status >= 500 || note.cache === 'stale' ? 'warn' : 'info';
}
