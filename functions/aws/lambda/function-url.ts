import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import { type AnswerNote, unnoted } from '../../core/observe/request-line.ts';
import type { Answer } from '../../core/registry/answer.ts';
import { failureAnswer } from '../../core/registry/error-answer.ts';
import type { App } from '../../core/service/app.ts';
import {
  collectBody,
  longestBody,
  type ResultBody,
  resultBody,
  resultHeaders,
} from './url-response.ts';

export interface FunctionUrlOptions {
  readonly app: Pick<App, 'fetch'>;
  /** Signs a URL for HEAD of the answer's blob in the bucket; undefined if it is not stored. */
  signHead(answer: Answer): Promise<string | undefined>;
  /** Reports unexpected errors. The client gets an answer nevertheless. */
  onError(error: unknown): void;
}

/** A result for Lambda, and what the request's log line needs. */
export interface FunctionUrlAnswer {
  readonly result: Exclude<LambdaFunctionURLResult, string> & { readonly statusCode: number };
  readonly note: AnswerNote;
  /** The size of the body that the client gets. */
  readonly bytes: number;
}

/**
 * Answers an event within `milliseconds`, and never rejects. On a timeout the answer sends the client
 * to the upstream: Lambda's own would be a 502, after which dockerd retries for 50 seconds.
 */
export type FunctionUrl = (
  event: LambdaFunctionURLEvent,
  milliseconds: number,
) => Promise<FunctionUrlAnswer>;

/** Connects a function URL in buffered mode to the app. */
export function createFunctionUrl(options: FunctionUrlOptions): FunctionUrl {
  return async (event, milliseconds) => {
    const answered = await withTimeout(milliseconds, answerEvent(event, options));
    if (answered !== undefined) return answered;
    return failed(targetOf(event), 'timed out');
  };
}

async function answerEvent(
  event: LambdaFunctionURLEvent,
  { app, signHead, onError }: FunctionUrlOptions,
): Promise<FunctionUrlAnswer> {
  let target = '/';
  try {
    target = targetOf(event);
    const request = requestOf(event, target);
    let answer: Answer | undefined;
    const answered = (one: Answer) => {
      answer = one;
    };
    const response = await app.fetch(request, {
      target,
      remoteAddress: event.requestContext.http.sourceIp,
      answered,
    });
    if (request.method === 'HEAD') return await answerHead(response, answer, signHead);
    return await answerWhole(response, answer?.note ?? unnoted, target);
  } catch (error) {
    onError(error);
    return failed(target, 'the function failed');
  }
}

/** If the body breaks or does not fit, the client is sent to the upstream: nothing was sent yet. */
async function answerWhole(
  response: Response,
  note: AnswerNote,
  target: string,
): Promise<FunctionUrlAnswer> {
  const { status, headers, body } = response;
  if (body === null) return resultOf(status, headers, emptyBody, note);
  const length = headers.get('content-length');
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  try {
    if (Number(length ?? 0) > longestBody) await body.cancel();
    else bytes = await collectBody(body, longestBody);
  } catch (error) {
    return failed(target, error instanceof Error ? error.message : 'the body broke off');
  }
  if (bytes === undefined) return failed(target, 'the body is too large for a function URL');
  if (length !== null && Number(length) !== bytes.byteLength) {
    return failed(target, `expected a body of ${length} bytes, got ${bytes.byteLength}`);
  }
  return resultOf(status, headers, resultBody(bytes), note);
}

async function answerHead(
  { status, headers }: Response,
  answer: Answer | undefined,
  signHead: FunctionUrlOptions['signHead'],
): Promise<FunctionUrlAnswer> {
  const note = answer?.note ?? unnoted;
  const length = headers.get('content-length');
  if (length === null) return resultOf(status, headers, emptyBody, note);
  const body = headBody(Number(length), answer?.body);
  if (body !== undefined) return { ...resultOf(status, headers, body, note), bytes: 0 };
  const location = answer && (await signHead(answer));
  if (location !== undefined) {
    const redirect = { ...Object.fromEntries(headers), location };
    return resultOf(307, { ...redirect, 'cache-control': 'private, no-store' }, emptyBody, note);
  }
  const { result } = resultOf(status, headers, emptyBody, note);
  const withLength = { ...result.headers, 'content-length': length };
  return { result: { ...result, headers: withLength }, note, bytes: 0 };
}

function resultOf(
  statusCode: number,
  headers: Headers | Answer['headers'],
  { bytes, ...body }: ResultBody,
  note: AnswerNote,
): FunctionUrlAnswer {
  return { result: { statusCode, headers: resultHeaders(headers), ...body }, note, bytes };
}

/** The answer after a failure; `reason` is for the log. */
function failed(target: string, reason: string): FunctionUrlAnswer {
  const { status, headers, body, note } = failureAnswer(target, reason);
  return resultOf(status, headers, body instanceof Uint8Array ? resultBody(body) : emptyBody, note);
}

const emptyBody: ResultBody = { body: '', isBase64Encoded: false, bytes: 0 };

/** The path and query of an event, neither decoded nor normalised. */
function targetOf({ rawPath, rawQueryString }: LambdaFunctionURLEvent): string {
  return rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`;
}

/** Converts an event (payload 2.0), which has lower-case header names. */
function requestOf(event: LambdaFunctionURLEvent, target: string): Request {
  const { domainName, http } = event.requestContext;
  const headers = new Headers();
  for (const [name, value = ''] of Object.entries(event.headers)) {
    // The event has decoded UTF-8; Headers only accepts bytes.
    headers.set(name, Buffer.from(value).toString('latin1'));
  }
  const { method } = http;
  const hasBody = event.body !== undefined && method !== 'GET' && method !== 'HEAD';
  const body = hasBody
    ? Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
    : null;
  return new Request(`https://${domainName}${target}`, { method, headers, body });
}

/** The longest filler for a HEAD, in bytes. A result has at most 6 MB. */
export const longestFiller = 5_000_000;

/**
 * A body that gives an answer to HEAD its Content-Length; undefined if it would be too long.
 *
 * AWS does not document whether a function URL keeps the Content-Length of an answer without a body.
 * Other integrations of Lambda set it to the length of the body, and a client that reads 0 assumes an
 * empty manifest. So the body is the manifest if it is known, else as many spaces.
 */
function headBody(length: number, body: Answer['body']): ResultBody | undefined {
  if (body instanceof Uint8Array && body.byteLength === length) return resultBody(body);
  if (length > longestFiller) return undefined;
  return { body: ' '.repeat(length), isBase64Encoded: false, bytes: length };
}
