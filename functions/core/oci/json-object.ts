/** The members of an object that was read from JSON; undefined for anything else, also for an array. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads JSON whose value is an object; undefined for any other text. */
export function parseObject(json: Uint8Array | string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(json)));
  } catch {
    return undefined;
  }
}

/** The entries of a list; undefined when it is none. Registries written in Go say `null` for empty. */
export function entriesOf(value: unknown): readonly unknown[] | undefined {
  if (value === null) return [];
  return Array.isArray(value) ? value : undefined;
}
