/** distribution-spec §Warnings: the whole header is at most 4096 bytes. */
const longest = 4096;

/** A Warning header's value, `299 - "text"`: printable ASCII only, escaped, cut where too long. */
export function warning(text: string): string {
  const frame = '299 - ""'.length;
  let escaped = '';
  for (const character of text) {
    const next = quotable(character);
    if (frame + escaped.length + next.length > longest) break;
    escaped += next;
  }
  return `299 - "${escaped}"`;
}

function quotable(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return character >= ' ' && character <= '~' ? character : '?';
}

/** The text for what is served although its upstream failed; `age` is in seconds. */
export function staleWarning(registry: string, age: number, reason: string): string {
  return warning(`stale: last confirmed by ${registry} ${age} s ago (${reason})`);
}
