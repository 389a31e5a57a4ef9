import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import { type AnswerNote, unnoted } from '../../core/observe/request-line.ts';
import type { Answer } from '../../core/registry/answer.ts';
import { failureAnswer } from '../../core/registry/error-answer.ts';
import type { App } from '../../core/service/app.ts';
import { collectBody, longestBody, type SentBody, sentBytes, sentHeaders } from './url-response.ts';

/** What answers the events of a function URL. */
export interface FunctionUrlOptions {
  readonly app: Pick<App, 'fetch'>;
  /**
   * Where a client may ask the bucket itself for the length of a stored blob: a URL signed for
   * HEAD. undefined when the blob of this answer is not stored.
   */
  signHead(answer: Answer): Promise<string | undefined>;
  /** Told of what should not happen; the client gets an answer nevertheless. */
  onError(error: unknown): void;
}

/** A result for the front, and what the log line of the request needs. */
export interface FunctionUrlAnswer {
  readonly result: Exclude<LambdaFunctionURLResult, string> & { readonly statusCode: number };
  readonly note: AnswerNote;
  /** Of the body that the client gets. */
  readonly bytes: number;
}

/**
 * Answers an event within so many ms, and never rejects: what is not there by then becomes the
 * answer that sends the client to the origin, for Lambda's own at its timeout is a 502, which says
 * nothing and costs dockerd's clients 50 seconds.
 */
export type FunctionUrl = (
  event: LambdaFunctionURLEvent,
  milliseconds: number,
) => Promise<FunctionUrlAnswer>;

/** Makes what stands between a function URL in the buffered mode and the app. */
export function createFunctionUrl(options: FunctionUrlOptions): FunctionUrl {
  return async (event, milliseconds) => {
    const answered = await withTimeout(milliseconds, answerEvent(event, options));
    if (answered !== undefined) return answered;
    return failed(targetOf(event), 'no answer in the time that a function has');
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
    const response = await app.fetch(request, { target, answered });
    if (request.method === 'HEAD') return await answerHead(response, answer, signHead);
    return await answerWhole(response, answer?.note ?? unnoted, target);
  } catch (error) {
    onError(error);
    return failed(target, 'the function failed');
  }
}

/** A body that breaks or does not fit sends the client to the origin: nothing of it has left yet. */
async function answerWhole(
  response: Response,
  note: AnswerNote,
  target: string,
): Promise<FunctionUrlAnswer> {
  const { status, headers, body } = response;
  if (body === null) return sent(status, headers, nothing, note);
  const length = headers.get('content-length');
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  try {
    if (Number(length ?? 0) > longestBody) await body.cancel();
    else bytes = await collectBody(body, longestBody);
  } catch (error) {
    return failed(target, error instanceof Error ? error.message : 'the body broke off');
  }
  if (bytes === undefined) return failed(target, 'too long for a function URL');
  if (length !== null && Number(length) !== bytes.byteLength) {
    return failed(target, 'the body has another length than was promised');
  }
  return sent(status, headers, sentBytes(bytes), note);
}

async function answerHead(
  { status, headers }: Response,
  answer: Answer | undefined,
  signHead: FunctionUrlOptions['signHead'],
): Promise<FunctionUrlAnswer> {
  const note = answer?.note ?? unnoted;
  const length = headers.get('content-length');
  if (length === null) return sent(status, headers, nothing, note);
  const body = headBody(Number(length), answer?.body);
  if (body !== undefined) return { ...sent(status, headers, body, note), bytes: 0 };
  const location = answer && (await signHead(answer));
  if (location !== undefined) {
    const redirect = { ...Object.fromEntries(headers), location };
    return sent(307, { ...redirect, 'cache-control': 'private, no-store' }, nothing, note);
  }
  const { result } = sent(status, headers, nothing, note);
  const withLength = { ...result.headers, 'content-length': length };
  return { result: { ...result, headers: withLength }, note, bytes: 0 };
}

function sent(
  statusCode: number,
  headers: Headers | Answer['headers'],
  { bytes, ...body }: SentBody,
  note: AnswerNote,
): FunctionUrlAnswer {
  return { result: { statusCode, headers: sentHeaders(headers), ...body }, note, bytes };
}

/** `reason` is for the log. */
function failed(target: string, reason: string): FunctionUrlAnswer {
  const { status, headers, body, note } = failureAnswer(target, reason);
  return sent(status, headers, body instanceof Uint8Array ? sentBytes(body) : nothing, note);
}

const nothing: SentBody = { body: '', isBase64Encoded: false, bytes: 0 };

/** The path and the query of an event as they were sent. */
function targetOf({ rawPath, rawQueryString }: LambdaFunctionURLEvent): string {
  return rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`;
}

/** An event (payload 2.0) as a Request. The front has joined the headers under lower-case names. */
function requestOf(event: LambdaFunctionURLEvent, target: string): Request {
  const { domainName, http } = event.requestContext;
  const headers = new Headers();
  for (const [name, value = ''] of Object.entries(event.headers)) {
    // JSON has text where a header has bytes, and Headers takes no other characters.
    headers.set(name, Buffer.from(value).toString('latin1'));
  }
  const { method } = http;
  const hasBody = event.body !== undefined && method !== 'GET' && method !== 'HEAD';
  const body = hasBody
    ? Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
    : null;
  return new Request(`https://${domainName}${target}`, { method, headers, body });
}

/** The longest body made up only to be counted, in bytes; a result holds no more than 6 MB. */
export const longestFiller = 5_000_000;

/**
 * The body that tells the length of an answer to HEAD; undefined where none can be long enough.
 *
 * AWS documents nowhere whether a function URL keeps the Content-Length of an answer without a
 * body, and other fronts of Lambda set it to the length of the body that they got. A client that
 * reads 0 there takes the manifest for empty. So the body is the manifest's own where it is known,
 * and else as many spaces.
 */
function headBody(length: number, body: Answer['body']): SentBody | undefined {
  if (body instanceof Uint8Array && body.byteLength === length) return sentBytes(body);
  if (length > longestFiller) return undefined;
  return { body: ' '.repeat(length), isBase64Encoded: false, bytes: length };
}
