/** The members of an object that was read from JSON; undefined for anything else, also for an array. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Manifests and lists nest a handful of objects and arrays; millions of them take seconds to parse. */
const deepest = 100;

/** What is smaller cannot nest so deeply that it takes long, in characters or bytes. */
const smallest = 64 * 1024;

/**
 * Reads JSON whose value is an object; undefined for any other text, and for one that nests more
 * than 100 objects and arrays.
 */
export function parseObject(json: Uint8Array | string): Record<string, unknown> | undefined {
  try {
    const text = typeof json === 'string' ? json : new TextDecoder().decode(json);
    return text.length > smallest && isDeep(text) ? undefined : objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

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

/** Where the string that begins at `start` ends. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

/** The entries of a list; undefined when it is none. Registries written in Go say `null` for empty. */
export function entriesOf(value: unknown): readonly unknown[] | undefined {
  if (value === null) return [];
  return Array.isArray(value) ? value : undefined;
}
