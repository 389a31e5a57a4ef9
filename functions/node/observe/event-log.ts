import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Log } from './log.ts';

/** Writes what the mirror tells of its work. */
export function logEvent(log: Pick<Log, 'event'>, event: MirrorEvent): void {
  const { kind, ...fields } = event;
  switch (event.kind) {
    case 'upstream-request':
      log.event('debug', kind, { ...fields, milliseconds: undefined, ms: event.milliseconds });
      return;
    case 'rate-limit': {
      const { registry, credentials, rate } = event;
      const level = rate.remaining * 5 < rate.limit ? 'warn' : 'debug';
      const { remaining, limit } = rate;
      log.event(level, kind, { registry, credentials, remaining, limit });
      return;
    }
    case 'fill': {
      const level = event.outcome === 'stored' || event.outcome === 'stopped' ? 'info' : 'warn';
      log.event(level, kind, { ...fields, milliseconds: undefined, ms: event.milliseconds });
      return;
    }
    case 'backed-off': {
      // Of repositories there may be as many as clients make up names.
      const level = event.repository === undefined ? 'warn' : 'info';
      log.event(level, kind, { ...fields, milliseconds: undefined, ms: event.milliseconds });
      return;
    }
    case 'answers-again':
      log.event('info', kind, fields);
      return;
    case 'passed-through':
      log.event('debug', kind, fields);
      return;
    case 'evicted':
      log.event('info', kind, fields);
      return;
    case 'store-failed':
      log.event('error', kind, fields);
      return;
  }
}
