import { pino } from 'pino';
import type { Config } from '../../core/config/resolve.ts';
import { requestFields, requestText } from './request-line.ts';
import type { RequestRecord } from './request-record.ts';

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes lines, in batches. */
export interface LogDestination {
  write(line: string): unknown;
  /** Hands over what waits; the server calls it when it stops. */
  flushSync(): void;
}

/** The server's log: one line for a request, and what else happens. */
export interface Log {
  request(record: RequestRecord, level: LogLevel): void;
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  flush(): void;
}

const ranks = { debug: 20, info: 30, warn: 40, error: 50, silent: 60 } as const;

/** Opens the log. `terminal` decides for the format `auto`. */
export function openLog(
  options: Config['log'],
  destination: LogDestination,
  terminal: boolean,
): Log {
  const { level } = options;
  const passes = (line: LogLevel) => ranks[line] >= ranks[level];
  const flush = () => {
    try {
      destination.flushSync();
    } catch {
      // The output is gone (a closed pipe): there is nobody left to tell.
    }
  };
  const asText = options.format === 'text' || (options.format === 'auto' && terminal);
  return {
    ...(asText ? textLog(destination, passes) : jsonLog(destination, level, passes)),
    flush,
  };
}

let stamped = 0;
let stamp = '';

/** The time as a field; written anew only when it changed, as many lines share a millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== stamped) {
    stamped = now;
    stamp = `,"time":"${new Date(now).toISOString()}"`;
  }
  return stamp;
}

type Lines = Pick<Log, 'request' | 'event'>;

function jsonLog(
  destination: LogDestination,
  level: Config['log']['level'],
  passes: (line: LogLevel) => boolean,
): Lines {
  const options = {
    level,
    base: null,
    timestamp,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, destination);
  return {
    request(record, line) {
      if (passes(line)) logger[line](requestFields(record), 'request');
    },
    event(line, message, fields = {}) {
      logger[line](fields, message);
    },
  };
}

/** Nothing that a client or an upstream said may move the cursor or change colours. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

function textLog(destination: LogDestination, passes: (line: LogLevel) => boolean): Lines {
  const write = (line: LogLevel, text: string) => {
    const time = new Date().toTimeString().slice(0, 8);
    const mark = line === 'warn' || line === 'error' ? `${line.toUpperCase()} ` : '';
    destination.write(`${time} ${mark}${printable(text)}\n`);
  };
  return {
    request(record, line) {
      if (passes(line)) write(line, requestText(record));
    },
    event(line, message, fields = {}) {
      if (!passes(line)) return;
      const details = Object.entries(fields).filter(([, value]) => value !== undefined);
      write(line, [message, ...details.map(([key, value]) => `${key}=${String(value)}`)].join(' '));
    },
  };
}
