import type { MirrorEvent } from '../core/ports/event.ts';
import type { Answer } from '../core/registry/answer.ts';
import type { WorkerConfiguration } from './config/overrides.ts';

/** How much a line matters. */
type Level = 'debug' | 'info' | 'warn' | 'error';

/** The Worker's log: lines of JSON, which Workers Logs takes apart. No line holds a secret. */
export interface Log {
  request(request: Request, answer: Answer, milliseconds: number): void;
  event(event: MirrorEvent): void;
  line(level: Level, message: string, fields: object): void;
}

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const;

/** Opens the log. */
export function openLog(least: WorkerConfiguration['log']['level']): Log {
  const passes = (level: Level) => ranks[level] >= ranks[least];
  const line: Log['line'] = (level, message, fields) => {
    if (passes(level)) console.log(JSON.stringify({ level, message, ...fields }));
  };
  return {
    line,
    event(event) {
      const level = levelOfEvent(event);
      if (!passes(level)) return;
      const { kind, ...fields } = event;
      line(level, kind, fields);
    },
    request(request, answer, milliseconds) {
      const level = levelOfAnswer(answer);
      if (!passes(level)) return;
      const { method, headers } = request;
      const { status, note } = answer;
      // Its first word only: the rest is long, and the client's to fill.
      const client = headers.get('user-agent')?.split(' ', 1)[0]?.slice(0, 40);
      const bytes = Number(answer.headers['content-length'] ?? 0);
      line(level, 'request', { client, method, status, ...note, ms: milliseconds, bytes });
    },
  };
}

function levelOfEvent(event: MirrorEvent): Level {
  switch (event.kind) {
    case 'rate-limit':
      return event.rate.remaining * 5 < event.rate.limit ? 'warn' : 'debug';
    case 'fill':
      return event.outcome === 'stored' || event.outcome === 'paused' ? 'info' : 'warn';
    case 'evicted':
      return 'info';
    case 'store-failed':
      return 'error';
    case 'backed-off':
      return event.repository === undefined ? 'warn' : 'info';
    case 'answers-again':
      return 'info';
    case 'upstream-request':
    case 'passed-through':
      return 'debug';
  }
}

/** Probes of machines would drown the requests of clients. */
function levelOfAnswer({ status, note }: Answer): Level {
  if (note.kind === 'healthz') return 'debug';
  return status >= 500 || note.cache === 'stale' ? 'warn' : 'info';
}
