/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By lower-case name. If a name is repeated, the first one counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Credentials in place of parameters (`Negotiate dG9r`). */
  readonly token68: string | undefined;
}

/** Longer headers are cut: real ones have a few hundred characters. */
const maxHeader = 16_384;

const separators = /[\s,]*/y;
const blanks = /[ \t]*/y;
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const equals = /[ \t]*=[ \t]*/y;
const token68 = /[ \t]+([A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|$))/y;
/** The closing quote may be missing at the end of the header. */
const quoted = /"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)/y;
/** Some servers leave out the quotes around a URL, so this accepts more than a token. */
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

  /** Consumes what the sticky pattern matches here; undefined when it does not match. */
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
 * Parses all challenges of a WWW-Authenticate header in their order; several header lines are joined
 * by commas. Never throws: it skips what it cannot read.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const scanner = new Scanner((header ?? '').slice(0, maxHeader));
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  while (scanner.take(separators) && !scanner.ended) {
    const word = scanner.take(token)?.[0];
    if (word === undefined) {
      // Skip a stray quoted string as a whole: nothing inside it is a challenge.
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
    const credentials = scanner.take(token68)?.[1];
    challenges.push({ scheme: word.toLowerCase(), parameters, token68: credentials });
    scanner.take(blanks);
  }
  return challenges;
}
