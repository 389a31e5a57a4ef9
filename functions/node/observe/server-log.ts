import type { Config } from '../../core/config/resolve.ts';
import {
  jsonLog,
  type LeastLevel,
  type Log,
  type LogLevel,
  passing,
} from '../../core/observe/log.ts';
import {
  logRequest,
  type RequestRecord,
  requestLevel,
  requestText,
} from '../../core/observe/request-line.ts';

/** Takes lines, in batches. */
export interface LogDestination {
  write(line: string): unknown;
  /** Hands over what waits; the server calls it when it stops. */
  flushSync(): void;
}

/** A server's log: lines of JSON, or text for people. */
export interface ServerLog extends Log {
  request(record: RequestRecord): void;
  flush(): void;
}

/** Creates a server's log. `terminal` decides for the format `auto`. */
export function createServerLog(
  options: Config['log'],
  destination: LogDestination,
  terminal: boolean,
): ServerLog {
  const { level, format } = options;
  const write = (line: string) => destination.write(`${line}\n`);
  const isText = format === 'text' || (format === 'auto' && terminal);
  return {
    ...(isText ? textLines(level, write) : jsonLines(level, write)),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // The output is gone (a closed pipe): there is nobody left to tell.
      }
    },
  };
}

type Lines = Omit<ServerLog, 'flush'>;

function jsonLines(least: LeastLevel, write: (line: string) => void): Lines {
  const log = jsonLog(least, write, Date.now);
  return { ...log, request: (record) => logRequest(log, record) };
}

function textLines(least: LeastLevel, write: (line: string) => void): Lines {
  const passes = passing(least);
  const line = (level: LogLevel, text: string) => {
    const time = new Date().toTimeString().slice(0, 8);
    const mark = level === 'warn' || level === 'error' ? `${level.toUpperCase()} ` : '';
    write(`${time} ${mark}${printable(text)}`);
  };
  return {
    passes,
    request(record) {
      const level = requestLevel(record);
      if (passes(level)) line(level, requestText(record));
    },
    event(level, message, fields = {}) {
      if (!passes(level)) return;
      const details = Object.entries(fields).filter(([, value]) => value !== undefined);
      line(level, [message, ...details.map(([key, value]) => `${key}=${String(value)}`)].join(' '));
    },
  };
}

/** Nothing that a client or an upstream said may move the cursor or change colours. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
