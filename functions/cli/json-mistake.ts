/** Where a text stops being JSON; lines and columns count from 1. */
export interface JsonMistake {
  readonly line: number;
  readonly column: number;
  /** What is there, in a word or two. */
  readonly found: string;
}

const space = /[\t\n\r ]*/y;
const string = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/uy;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/**
 * Finds the first place where a text is not JSON (RFC 8259); undefined when all of it is. Node's
 * own errors name the place only for some mistakes.
 */
export function findJsonMistake(text: string): JsonMistake | undefined {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const sign = (wanted: string): boolean => {
    take(space);
    if (text[at] !== wanted) return false;
    at += 1;
    return true;
  };
  const list = (end: string, member: () => boolean): boolean => {
    if (sign(end)) return true;
    do {
      if (!member()) return false;
    } while (sign(','));
    return sign(end);
  };
  const value = (): boolean => {
    if (sign('{')) return list('}', () => key() && sign(':') && value());
    if (sign('[')) return list(']', value);
    return take(string) || take(scalar);
  };
  const key = (): boolean => {
    take(space);
    return take(string);
  };
  const whole = value();
  take(space);
  if (whole && at === text.length) return undefined;
  const before = text.slice(0, at).split('\n');
  const found = text.slice(at, at + 20).split(/[\r\n]/)[0] ?? '';
  return {
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
    found: at === text.length ? 'the end of the file' : JSON.stringify(found),
  };
}
