import { variableOf } from './environment.ts';
import { keys } from './keys.ts';
import type { Overlay } from './overlay.ts';
import { isVariableName, type Mistake, type Path, pathText } from './problems.ts';

/** `$NAME` at the beginning, or `${NAME}` anywhere. `robot$name` is a user name in Harbor. */
const variable = /^(?:unix:)?\$(\w+)|\$\{(\w+)\}/;

/** The keys that hold paths of files and folders. */
const paths = /(?:^|\.)(?:data|cert|key|ca|file|dockerConfig)$/;

/** User names of nvcr.io and quay.io that look like variables. */
const userNames: ReadonlySet<string> = new Set(['$oauthtoken', '$app']);

/** Finds texts that a shell would expand: `$NAME`, `${NAME}` and, in a path, `~/`. */
export function literalVariables(overlay: Overlay): Mistake[] {
  return texts(overlay.json).flatMap(({ path, text }) => {
    const isHome = text.startsWith('~/') && paths.test(pathText(path));
    const [found, ...names] = variable.exec(text) ?? [];
    const isUserName = path.at(-1) === 'username' && userNames.has(text);
    if (isUserName || (found === undefined && !isHome)) return [];
    const name = names.find((one) => one !== undefined) ?? '';
    const place = overlay.place(path);
    const message = isHome ? '"~" is not expanded; write the path' : advice(path, name, place);
    return [{ path, message }];
  });
}

function advice(path: Path, name: string, place: string): string {
  const isShown = isVariableName(name);
  switch (path.at(-1)) {
    case 'env':
      return `write the variable's name without $${isShown ? `: "${name}"` : ''}`;
    case 'password':
      return `name the variable that holds it: {"env": ${isShown ? `"${name}"` : '"NAME"'}}`;
    default: {
      const own = variableOf(path);
      const isScalar = keys.some(({ scalar, path: parts }) => scalar && fits(parts, path));
      const other = isScalar && place !== own ? `, or set ${own}` : '';
      return `variables such as $${isShown ? name : 'NAME'} are not expanded; write the value${other}`;
    }
  }
}

function fits(parts: readonly string[], path: Path): boolean {
  return (
    parts.length === path.length &&
    parts.every((part, depth) => part === '*' || part === path[depth])
  );
}

function texts(value: unknown, path: Path = []): { path: Path; text: string }[] {
  if (typeof value === 'string') return path[0] === '$schema' ? [] : [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, one]) =>
    texts(one, [...path, isList ? Number(key) : key]),
  );
}
