import type { LogFields, LogLevel } from '../../functions/core/observe/log.ts';
import { terminalLine } from '../../functions/node/observe/terminal-line.ts';

/** Writes what a Worker logs, in any chunks, as a server writes it to a terminal. */
export function terminalLog(
  write: (text: string) => void,
  color: boolean,
): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) write(`${textOf(line, color)}\n`);
  };
}

/** Lines that are not of the log (workerd has some) stay as they are. */
function textOf(line: string, color: boolean): string {
  const parsed = jsonOf(line);
  if (parsed === undefined) return line;
  const { level, time, message, ...fields } = parsed;
  return terminalLine(new Date(time), level, message, fields, color);
}

interface LogLine extends LogFields {
  readonly level: LogLevel;
  readonly time: string;
  readonly message: string;
}

function jsonOf(line: string): LogLine | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
