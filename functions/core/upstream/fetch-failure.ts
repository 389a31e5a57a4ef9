import { UpstreamError, type UpstreamErrorKind } from './upstream-error.ts';

/** The codes of an error and of the causes below it, outermost first. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code);
    current = current.cause;
  }
  return codes;
}

const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Parser codes that only say that the connection ended within the headers. */
const endedCodes: ReadonlySet<string> = new Set(['HPE_INVALID_EOF_STATE', 'HPE_CLOSED_CONNECTION']);

/**
 * Turns what fetch or a body's reader threw into an UpstreamError; `what` names the registry and
 * the purpose. The thrown error is kept as cause: it names hosts and system codes, no URL.
 */
export function fetchFailure(
  what: string,
  error: unknown,
  part: 'headers' | 'body',
): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const codes = codesOf(error);
  const failure = (kind: UpstreamErrorKind, reason: string) => {
    const code = codes.at(-1);
    const detail = code === undefined ? '' : ` (${code})`;
    return new UpstreamError(kind, `${what}: ${reason}${detail}`, { cause: error });
  };
  if (codes.some((code) => timeoutCodes.has(code))) return failure('timeout', 'no answer in time');
  if (part === 'body') return failure('unreachable', 'the body broke off');
  // Docker Hub's abuse page once had header lines that end in LF alone, and Node's fetch throws
  // HPE_INVALID_HEADER_TOKEN on it: what cannot be parsed is taken for that page.
  if (codes.some((code) => code.startsWith('HPE_') && !endedCodes.has(code))) {
    return failure('limited', 'an answer that is not HTTP, as when there were too many requests');
  }
  return failure('unreachable', 'no connection');
}
