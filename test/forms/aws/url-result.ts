import type { ServerResponse } from 'node:http';

/** Lambda's limit of an answer in bytes, base64 and all other JSON included. */
export const longestResult = 6_291_556;

/** Headers that the front keeps for itself: a function's own come out under another name. */
const remapped = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'upgrade',
  'via',
  'www-authenticate',
]);

/** A function's result as the front of a function URL sends it; what it cannot send is a 502. */
export function sendResult(text: string, method: string, response: ServerResponse): void {
  const result = Buffer.byteLength(text) > longestResult ? undefined : readResult(text);
  if (result === undefined) {
    sendError(response);
    return;
  }
  const { statusCode, headers, body } = result;
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(remapped.has(name.toLowerCase()) ? `x-amzn-remapped-${name}` : name, value);
  }
  response.statusCode = statusCode;
  // The one thing that AWS does not document: here the length is that of the body, also for HEAD.
  if (statusCode !== 304 && statusCode !== 204) {
    response.setHeader('content-length', body.byteLength);
  }
  response.end(method === 'HEAD' ? undefined : body);
}

/** The front's own answer when a function failed. */
export function sendError(response: ServerResponse): void {
  response.writeHead(502, { 'content-type': 'application/json', 'content-length': '21' });
  response.end('Internal Server Error');
}

interface Result {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function readResult(text: string): Result | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    statusCode,
    headers = {},
    body = '',
    isBase64Encoded,
  }: Record<string, unknown> = {
    ...value,
  };
  if (typeof statusCode !== 'number' || typeof body !== 'string') return undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const entries = Object.entries(headers);
  const isWrong = entries.some(
    ([name, one]) => typeof one !== 'string' || name.toLowerCase().startsWith('x-amzn-remapped-'),
  );
  if (isWrong) return undefined;
  const bytes = Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');
  return { statusCode, headers: Object.fromEntries(entries), body: bytes };
}
