import type { Environment } from '../../core/config/environment.ts';
import { lineText } from '../../core/observe/line-text.ts';
import type { LogFields, LogLevel } from '../../core/observe/log.ts';

/** Whether to color the log. FORCE_COLOR goes before NO_COLOR, as in Node. */
export function wantsColor(
  { FORCE_COLOR, NO_COLOR, TERM }: Environment,
  terminal: boolean,
): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return terminal && !NO_COLOR && TERM !== 'dumb';
}

/** The codes of yellow and red. */
const colors: Readonly<Partial<Record<LogLevel, number>>> = { warn: 33, error: 31 };

/** A log line as a terminal shows it, with its local time. */
export function terminalLine(
  time: Date,
  level: LogLevel,
  message: string,
  fields: LogFields,
  color: boolean,
): string {
  const code = colors[level];
  const name = level.toUpperCase();
  const mark = code === undefined ? '' : color ? `\u001b[1;${code}m${name}\u001b[0m ` : `${name} `;
  return `${time.toTimeString().slice(0, 8)} ${mark}${printable(lineText(message, fields))}`;
}

/** Keeps a line of several on one; clients and upstreams must not move the cursor or change colors. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/\s*\n\s*/g, ' | ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
