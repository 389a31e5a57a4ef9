/** A JSON value as an object; undefined for anything else, including an array. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

/** Real manifests and lists nest a handful of levels; millions of levels take seconds to parse. */
const deepest = 100;

/** Parses JSON whose value is an object; undefined for any other text, and beyond 100 levels. */
export function parseObject(json: Uint8Array | string): Record<string, unknown> | undefined {
  try {
    const text = typeof json === 'string' ? json : new TextDecoder().decode(json);
    return isDeep(text) ? undefined : objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Looks for the depth before the text is parsed, without recursion. */
function isDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      at = endOfString(json, at);
    } else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) return true;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
  }
  return false;
}

/** The index of the quote that closes the string at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

/** A JSON value as an array; otherwise undefined. Registries in Go write `null` for an empty list. */
export function entriesOf(value: unknown): readonly unknown[] | undefined {
  if (value === null) return [];
  return Array.isArray(value) ? value : undefined;
}
