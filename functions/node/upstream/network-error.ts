import { FetchError } from '../../core/upstream/fetch-error.ts';

const timeoutCodes: ReadonlySet<string | undefined> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

const untrustedCodes: ReadonlySet<string | undefined> = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Explains what Node or undici threw for a request or its body. The thrown error becomes the cause,
 * unless it is the parser's: that one holds raw headers, perhaps with a signed Location.
 * `proxy` is the URL of the proxy that was used: its host is named.
 */
export function fetchError(error: unknown, part: 'headers' | 'body', proxy?: string): FetchError {
  const chain = causesOf(error);
  const known = chain.find((link) => link instanceof FetchError);
  if (known !== undefined) return known;
  const codes = chain.map(codeOf);
  // Node's own fetch gives a parser's error a code; undici 7 gives it only a name.
  const isUnparsable = chain.some(
    (link) => link.name === 'HTTPParserError' || codeOf(link)?.startsWith('HPE_'),
  );
  const explained = (kind: FetchError['kind'], reason: string) => {
    const code = codes.findLast((found) => found !== undefined);
    const detail = code === undefined ? '' : ` (${code})`;
    return new FetchError(kind, `${reason}${detail}`, isUnparsable ? undefined : { cause: error });
  };
  const host = proxy === undefined ? '' : ` ${new URL(proxy).host}`;
  const through = proxy === undefined ? '' : ` through the proxy${host}`;
  if (codes.some((code) => timeoutCodes.has(code))) {
    return explained('timeout', `timed out${through}`);
  }
  if (part === 'body') return explained('unreachable', 'the body broke off');
  // Docker Hub's abuse page once had header lines that end in LF alone, which Node's fetch rejects.
  // So an answer that cannot be parsed is treated as that page.
  if (isUnparsable) return explained('limited', 'the answer is not valid HTTP; too many requests?');
  if (codes.some((code) => untrustedCodes.has(code))) {
    return explained('unreachable', 'the certificate is not trusted; set "ca" if it is your own');
  }
  if (chain.some((link) => link.message.startsWith('Proxy response'))) {
    return explained('unreachable', `the proxy${host} refused the connection`);
  }
  return explained('unreachable', `no connection${through}`);
}

/** An error and its causes, outermost first. */
function causesOf(error: unknown): Error[] {
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
