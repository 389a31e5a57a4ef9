import type { Config } from '../../core/config/resolve.ts';
import { jsonLog, type Log, type LogLevel, levelFilter } from '../../core/observe/log.ts';
import { logRequest, type RequestRecord } from '../../core/observe/request-line.ts';
import { terminalLine } from './terminal-line.ts';

/** Takes lines, perhaps in batches. */
export interface LogDestination {
  /** An urgent line waits for no batch. */
  write(line: string, isUrgent?: boolean): unknown;
  /** Writes what is buffered; called when the server stops. */
  flushSync(): void;
}

/** A server's log: JSON lines, or text for people. */
export interface ServerLog extends Log {
  request(record: RequestRecord): void;
  flush(): void;
}

/** How people see a log. */
export interface LogAppearance {
  /** Whether it goes to a terminal. */
  readonly terminal: boolean;
  /** Whether text is colored. */
  readonly color: boolean;
}

/** Creates a server's log. The format `auto` is text on a terminal, else JSON. */
export function createServerLog(
  { level, format }: Config['log'],
  destination: LogDestination,
  { terminal, color }: LogAppearance,
): ServerLog {
  const isText = format === 'text' || (format === 'auto' && terminal);
  const log = isText ? textLog(level, destination, color) : jsonLines(level, destination);
  return {
    ...log,
    request: (record) => logRequest(log, record),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // The output is gone, such as a closed pipe; there is nowhere left to report it.
      }
    },
  };
}

type Least = Config['log']['level'];

function jsonLines(least: Least, destination: LogDestination): Log {
  return jsonLog(least, (line, level) => destination.write(`${line}\n`, isUrgent(level)), Date.now);
}

function textLog(least: Least, destination: LogDestination, color: boolean): Log {
  const passes = levelFilter(least);
  return {
    passes,
    event(level, message, fields = {}) {
      if (!passes(level)) return;
      const line = terminalLine(new Date(), level, message, fields, color);
      destination.write(`${line}\n`, isUrgent(level));
    },
  };
}

/** What goes wrong must be in the log even if the process is killed right after it. */
function isUrgent(level: LogLevel): boolean {
  return level === 'warn' || level === 'error';
}
