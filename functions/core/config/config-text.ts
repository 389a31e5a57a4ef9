import { getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { type Problem, pathText, shownValue } from './problems.ts';

/** The value of a configuration file, or the mistakes in its text. */
export type ReadText = { readonly ok: unknown } | { readonly problems: readonly Problem[] };

/** Parses the text of a configuration file: JSON with comments and trailing commas. */
export function readConfigText(file: string, text: string): ReadText {
  const json = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  const tree = parseTree(json, errors, { allowTrailingComma: true });
  const [first] = errors;
  const place = (offset: number) => `${file}:${position(json, offset)}`;
  // The parser's later errors may only follow from the first one.
  if (first !== undefined || tree === undefined) {
    const offset = first?.offset ?? 0;
    return { problems: [{ path: place(offset), message: syntaxError(json, offset) }] };
  }
  const problems = duplicateKeys(tree).map(({ key, path }) => ({
    path: place(key.offset),
    message: `duplicate key ${pathText(path)}`,
  }));
  return problems.length > 0 ? { problems } : { ok: getNodeValue(tree) };
}

function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

function syntaxError(text: string, offset: number): string {
  if (text.slice(offset).trim() === '') return 'invalid JSON: unexpected end of file';
  const [rest = ''] = text.slice(offset, offset + 20).split(/[\r\n]/);
  // The syntax error may be in the password.
  const path = /password/i.test(text) ? ['password'] : [];
  return `invalid JSON at ${shownValue(path, rest)}`;
}

interface DuplicateKey {
  readonly key: Node;
  readonly path: readonly PropertyKey[];
}

/** JSON parsers keep the last of equal keys, but people often mean the first. */
function duplicateKeys(node: Node, path: readonly PropertyKey[] = []): DuplicateKey[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((child, index) => {
    const [key, value] = child.children ?? [];
    if (node.type !== 'object') return duplicateKeys(child, [...path, index]);
    if (key === undefined) return [];
    const name = String(key.value);
    const below = [...path, name];
    const duplicate = seen.has(name) ? [{ key, path: below }] : [];
    seen.add(name);
    return [...duplicate, ...(value === undefined ? [] : duplicateKeys(value, below))];
  });
}
