import type { Config } from '../../core/config/resolve.ts';
import { jsonLog, type Log, type LogLevel, levelFilter } from '../../core/observe/log.ts';
import {
  logRequest,
  type RequestRecord,
  requestLevel,
  requestText,
} from '../../core/observe/request-line.ts';

/** Takes lines, perhaps in batches. */
export interface LogDestination {
  write(line: string): unknown;
  /** Writes what is buffered; called when the server stops. */
  flushSync(): void;
}

/** A server's log: JSON lines, or text for people. */
export interface ServerLog extends Log {
  request(record: RequestRecord): void;
  flush(): void;
}

/** Creates a server's log. The format `auto` is text on a terminal, else JSON. */
export function createServerLog(
  { level, format }: Config['log'],
  destination: LogDestination,
  terminal: boolean,
): ServerLog {
  const write = (line: string) => destination.write(`${line}\n`);
  const isText = format === 'text' || (format === 'auto' && terminal);
  return {
    ...(isText ? textLines(level, write) : jsonLines(level, write)),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // The output is gone, such as a closed pipe; there is nowhere left to report it.
      }
    },
  };
}

type Lines = Omit<ServerLog, 'flush'>;
type Write = (line: string) => void;

function jsonLines(least: Config['log']['level'], write: Write): Lines {
  const log = jsonLog(least, write, Date.now);
  return { ...log, request: (record) => logRequest(log, record) };
}

function textLines(least: Config['log']['level'], write: Write): Lines {
  const passes = levelFilter(least);
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

/** Clients and upstreams must not move the cursor or change colours. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
