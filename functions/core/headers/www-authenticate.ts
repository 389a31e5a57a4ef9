/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By name in lower case; of a name that comes twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands in the place of parameters (`Negotiate dG9r`). */
  readonly token68: string | undefined;
}

/** Longer headers are cut: servers that mean well send a few hundred characters. */
const maxHeader = 16_384;

const separators = /[\s,]*/y;
const blanks = /[ \t]*/y;
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const equals = /[ \t]*=[ \t]*/y;
const token68 = /[ \t]+([A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|$))/y;
/** The closing quote may be missing at the end of the header. */
const quoted = /"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)/y;
/** Quotes are sometimes forgotten around a URL, so more than a token is read. */
const unquoted = /[^\s,"]*/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes what the sticky pattern matches here; undefined and no step when it does not. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at += match[0].length;
    return match;
  }

  skip(): void {
    this.#at += 1;
  }
}

function takeValue(scanner: Scanner): string {
  const inQuotes = scanner.take(quoted);
  if (inQuotes !== undefined) return (inQuotes[1] ?? '').replace(/\\([\s\S])/g, '$1');
  return scanner.take(unquoted)?.[0] ?? '';
}

/**
 * Reads all challenges of a WWW-Authenticate header, of one line or several joined by commas, in
 * their order. Never throws: what cannot be read is passed over.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const scanner = new Scanner((header ?? '').slice(0, maxHeader));
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  while (scanner.take(separators) && !scanner.ended) {
    const word = scanner.take(token)?.[0];
    if (word === undefined) {
      // A stray quoted text goes as a whole, so that nothing within it is taken for a challenge.
      if (scanner.take(quoted) === undefined) scanner.skip();
      continue;
    }
    if (scanner.take(equals) !== undefined) {
      const value = takeValue(scanner);
      const name = word.toLowerCase();
      if (parameters !== undefined && !parameters.has(name)) parameters.set(name, value);
      continue;
    }
    parameters = new Map();
    const instead = scanner.take(token68)?.[1];
    challenges.push({ scheme: word.toLowerCase(), parameters, token68: instead });
    scanner.take(blanks);
  }
  return challenges;
}
