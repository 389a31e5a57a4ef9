import { getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { foundText, type Problem, pathText } from './problems.ts';

/** The value that a configuration file holds, or the mistakes in its text. */
export type ReadText = { readonly ok: unknown } | { readonly problems: readonly Problem[] };

/**
 * Reads the text of a configuration file: JSON, in which comments and trailing commas are legal.
 * `file` names it in mistakes.
 */
export function readConfigText(file: string, text: string): ReadText {
  const json = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  const tree = parseTree(json, errors, { allowTrailingComma: true });
  const [first] = errors;
  const place = (offset: number) => `${file}:${position(json, offset)}`;
  // One mistake makes a parser find others after it: only the first is sure.
  if (first !== undefined || tree === undefined) {
    const offset = first?.offset ?? 0;
    return {
      problems: [{ path: place(offset), found: foundAt(json, offset), expected: 'JSON' }],
    };
  }
  const problems = repeatedKeys(tree).map(
    ({ key, path }): Problem => ({
      path: place(key.offset),
      found: `${pathText(path)} a second time`,
      expected: 'each key once',
    }),
  );
  return problems.length > 0 ? { problems } : { ok: getNodeValue(tree) };
}

function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

function foundAt(text: string, offset: number): string {
  if (text.slice(offset).trim() === '') return 'the end of the file';
  const [found = ''] = text.slice(offset, offset + 20).split(/[\r\n]/);
  const shown = JSON.stringify(found);
  // A password might be written where the JSON breaks.
  return /password/i.test(text) ? foundText(['password'], shown) : shown;
}

interface RepeatedKey {
  readonly key: Node;
  readonly path: readonly PropertyKey[];
}

/** JSON's readers take the last of equal keys, and people often mean the first. */
function repeatedKeys(node: Node, path: readonly PropertyKey[] = []): RepeatedKey[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((child, index) => {
    const [key, value] = child.children ?? [];
    if (node.type !== 'object') return repeatedKeys(child, [...path, index]);
    if (key === undefined) return [];
    const name = String(key.value);
    const below = [...path, name];
    const repeated = seen.has(name) ? [{ key, path: below }] : [];
    seen.add(name);
    return [...repeated, ...(value === undefined ? [] : repeatedKeys(value, below))];
  });
}
