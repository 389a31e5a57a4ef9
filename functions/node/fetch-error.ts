import { FetchError } from '../core/upstream/fetch-error.ts';

/** An error and the causes below it, outermost first. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let current = error;
  while (current instanceof Error && chain.length < 5) {
    chain.push(current);
    current = current.cause;
  }
  return chain;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Node's own fetch gives such an error a code; undici 7 only the name. */
function isParserError(error: Error): boolean {
  return error.name === 'HTTPParserError' || codeOf(error)?.startsWith('HPE_') === true;
}

/**
 * Explains what Node or undici threw for a request or its body. The thrown error is kept as cause,
 * except a parser's: that one holds raw headers, which may be a signed Location.
 */
export function fetchError(error: unknown, part: 'headers' | 'body'): FetchError {
  const chain = chainOf(error);
  const isUnparsable = chain.some(isParserError);
  const explained = (kind: FetchError['kind'], reason: string) => {
    const code = chain.map(codeOf).findLast((found) => found !== undefined);
    const detail = code === undefined ? '' : ` (${code})`;
    return new FetchError(kind, `${reason}${detail}`, isUnparsable ? undefined : { cause: error });
  };
  if (chain.some((link) => timeoutCodes.has(codeOf(link) ?? ''))) {
    return explained('timeout', 'no answer in time');
  }
  if (part === 'body') return explained('unreachable', 'the body broke off');
  // Docker Hub's abuse page once had header lines that end in LF alone, on which Node's fetch
  // throws: what cannot be parsed is taken for that page.
  if (isUnparsable) {
    return explained('limited', 'an answer that is not HTTP, as when there were too many requests');
  }
  return explained('unreachable', 'no connection');
}
