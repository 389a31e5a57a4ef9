import {
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { type Problem, pathText, shownValue } from './problems.ts';

/** The value of a configuration file with its duplicate keys, or the mistake in its syntax. */
export type ReadText =
  | { readonly ok: unknown; readonly duplicates: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

/** Parses the text of a configuration file: JSON with comments and trailing commas. */
export function readConfigText(file: string, text: string): ReadText {
  const json = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  const tree = parseTree(json, errors, { allowTrailingComma: true });
  const [first] = errors;
  const problem = (offset: number, message: string) => ({
    path: `${file}:${lineAndColumn(json, offset)}`,
    message,
  });
  // The parser's later errors may only follow from the first one.
  if (first !== undefined || tree === undefined) {
    const foreign = otherFormat(json);
    if (foreign !== undefined) return { problems: [{ path: file, message: foreign }] };
    return { problems: [problem(first?.offset ?? 0, syntaxError(json, first))] };
  }
  const duplicates = duplicateKeys(tree).map(({ key, first: other, path }) => {
    const [line] = lineAndColumn(json, other.offset).split(':');
    return problem(key.offset, `duplicate key ${pathText(path)}; it is in line ${line} too`);
  });
  return { ok: getNodeValue(tree), duplicates };
}

function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

/** Says what a file is that is not JSON at all; undefined for an attempt at JSON. */
function otherFormat(text: string): string | undefined {
  if (text.trim() === '') return 'the file is empty; {} is the shortest configuration';
  const example = 'the configuration is JSON, such as {"upstreams": {"ghcr.io": {}}}';
  if (/^\uFFFD|\0/.test(text)) return 'the text is not UTF-8; save the file as UTF-8';
  const begin = text.replace(/^(?:\s*#.*(?:\n|$))*\s*/, '');
  if (/^(?:---|- |["']?[\w.-]+["']?:(?:\s|$))/.test(begin)) return `this is YAML; ${example}`;
  if (/^(?:\[+[\w."-]+\]|[\w."-]+\s*=)/.test(begin)) return `this is TOML; ${example}`;
  return undefined;
}

/** What to do about each of the parser's errors; the others have no better advice than the place. */
const advice: Readonly<Record<string, string>> = {
  ColonExpected: 'a colon is missing before this',
  CommaExpected: 'a comma is missing before this',
  EndOfFileExpected: 'the configuration ends before this',
  PropertyNameExpected: 'a key is missing, or a comma too many',
  ValueExpected: 'a value is missing',
  InvalidEscapeCharacter: 'write each backslash twice',
  UnexpectedEndOfString: 'the closing quote is missing',
  UnexpectedEndOfComment: 'the comment has no end',
};

function syntaxError(text: string, error: ParseError | undefined): string {
  const offset = error?.offset ?? 0;
  const code = error === undefined ? '' : printParseErrorCode(error.error);
  const [rest = ''] = text.slice(offset, offset + 40).split(/[\r\n]/);
  // The syntax error may be in the password.
  const path = /password/i.test(text) ? ['password'] : [];
  const place = `invalid JSON at ${shownValue(path, rest.slice(0, 20))}`;
  if (rest.startsWith("'")) return `${place}; use double quotes instead of single quotes`;
  if (rest.startsWith('#')) return `${place}; begin comments with //`;
  const [, key] = /^([A-Za-z_$][\w.$-]*)\s*:/.exec(rest) ?? [];
  if (key !== undefined) {
    return `${place}; put the key in double quotes${path.length > 0 ? '' : `: "${key}"`}`;
  }
  if (text.slice(offset).trim() === '') {
    return 'invalid JSON: unexpected end of file; a closing } or ] is missing';
  }
  const isBare = code === 'InvalidSymbol' || code === 'InvalidNumberFormat';
  const todo = isBare ? 'put texts in double quotes' : advice[code];
  return todo === undefined ? place : `${place}; ${todo}`;
}

interface DuplicateKey {
  readonly key: Node;
  readonly first: Node;
  readonly path: readonly PropertyKey[];
}

/** JSON parsers keep the last of equal keys, but people often mean the first. */
function duplicateKeys(node: Node, path: readonly PropertyKey[] = []): DuplicateKey[] {
  const seen = new Map<string, Node>();
  return (node.children ?? []).flatMap((child, index) => {
    const [key, value] = child.children ?? [];
    if (node.type !== 'object') return duplicateKeys(child, [...path, index]);
    if (key === undefined) return [];
    const name = String(key.value);
    const below = [...path, name];
    const first = seen.get(name);
    if (first === undefined) seen.set(name, key);
    const duplicate = first === undefined ? [] : [{ key, first, path: below }];
    return [...duplicate, ...(value === undefined ? [] : duplicateKeys(value, below))];
  });
}
