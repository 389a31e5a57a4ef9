import type { LogFields } from './log.ts';

/** The message of a request's line. */
export const requestMessage = 'request';

/**
 * A log line as text for people, with short digests and sizes:
 * `GET  200 hit docker.io/library/alpine:3.20 1.2 ms 528 B docker/29.1`, or
 * `fill docker.io/library/alpine@sha256:c0a8617a7121… stored 13.5 MB 548 ms`.
 */
export function lineText(message: string, fields: LogFields): string {
  const parts = message === requestMessage ? requestParts(fields) : eventParts(message, fields);
  const text = parts.filter((part) => part !== undefined && part !== '').join(' ');
  return text.replace(/\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{52,}/g, '$1…');
}

function requestParts(fields: LogFields): unknown[] {
  const { method, status, cache, kind, repository = kind, upstreamCalls, client } = fields;
  const reference = fields.reference === undefined ? undefined : String(fields.reference);
  const at = reference?.includes(':') ? '@' : ':';
  return [
    String(method).padEnd(4),
    status,
    cache ?? '-',
    reference === undefined ? repository : `${repository}${at}${reference}`,
    durationText(fields.ms),
    bytesText(fields.bytes),
    Number(upstreamCalls) > 0 ? `${upstreamCalls} upstream` : undefined,
    client,
    reasonText(fields.reason),
  ];
}

function eventParts(message: string, fields: LogFields): unknown[] {
  const { repository, tag, digest, outcome, bytes, ms, reason, ...others } = fields;
  const content = [
    repository ?? '',
    tag === undefined ? '' : `:${tag}`,
    digest === undefined ? '' : repository === undefined ? digest : `@${digest}`,
  ];
  return [
    message,
    content.join(''),
    outcome,
    ...Object.entries(others)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${key.endsWith('Bytes') ? bytesText(value) : String(value)}`),
    bytesText(bytes),
    durationText(ms),
    reasonText(reason),
  ];
}

function reasonText(reason: unknown): string | undefined {
  return reason === undefined ? undefined : `(${reason})`;
}

/** `1.2 ms`, `548 ms`, `12.3 s`. */
function durationText(ms: unknown): string | undefined {
  if (typeof ms !== 'number') return undefined;
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** `94.5 MB`. */
function bytesText(bytes: unknown): string | undefined {
  if (typeof bytes !== 'number') return undefined;
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${units[unit]}`;
}
