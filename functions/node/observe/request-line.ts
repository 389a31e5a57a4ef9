import { clientName } from '../../core/observe/client-name.ts';
import { type RequestRecord, reasonOf } from './request-record.ts';

/** The fields of a request's line in the log; absent ones are left out. */
export function requestFields(record: RequestRecord): Record<string, unknown> {
  const { note, written } = record;
  return {
    client: clientName(record.userAgent),
    kind: note.kind,
    form: note.form,
    method: record.method,
    repository: note.repository,
    reference: note.reference,
    status: record.status,
    cache: note.cache,
    upstreamCalls: note.upstreamCalls,
    ms: Math.round(record.milliseconds * 100) / 100,
    bytes: written.bytes,
    reason: reasonOf(record),
  };
}

const shortDigest = (reference: string) =>
  reference.length > 64 ? `${reference.slice(0, reference.indexOf(':') + 13)}…` : reference;

/** The same for a person: `GET docker.io/library/alpine:3.20 200 hit 1.2 ms 528 B docker/29.1`. */
export function requestText(record: RequestRecord): string {
  const { note, written } = record;
  const { repository = note.kind, reference } = note;
  const at = reference?.includes(':') ? '@' : ':';
  const name = reference === undefined ? repository : `${repository}${at}${shortDigest(reference)}`;
  const calls = note.upstreamCalls === 0 ? undefined : `${note.upstreamCalls} upstream`;
  const reason = reasonOf(record);
  return [
    record.method.padEnd(4),
    record.status,
    note.cache ?? '-',
    name,
    `${record.milliseconds.toFixed(record.milliseconds < 10 ? 1 : 0)} ms`,
    bytesText(written.bytes),
    calls,
    clientName(record.userAgent),
    reason === undefined ? undefined : `(${reason})`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

/** A number of bytes as people read it: `94.5 MB`. */
function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${units[unit]}`;
}
