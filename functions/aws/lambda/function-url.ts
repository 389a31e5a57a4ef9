import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { within } from '../../core/concurrency/timeout.ts';
import type { Answer, RegistryRequest } from '../../core/registry/answer.ts';
import { failureAnswer } from '../../core/registry/error-answer.ts';
import { type HeadForm, headBody } from './head-body.ts';
import {
  collectBody,
  longestBody,
  type SentBody,
  sentBytes,
  sentHeaders,
  streamOf,
} from './url-response.ts';

/** What answers the events of a function URL. */
export interface FunctionUrlOptions {
  answer(request: RegistryRequest): Promise<Answer>;
  readonly headForm: HeadForm;
  /**
   * Where a client may ask the bucket itself for the length of a stored blob: a URL signed for
   * HEAD. undefined when the blob of this answer is not stored.
   */
  signHead(answer: Answer): Promise<string | undefined>;
  /** Told of what should not happen; the client gets an answer nevertheless. */
  onError(error: unknown): void;
}

/** A result for the front, and the answer it was made of. */
export interface FunctionUrlAnswer {
  readonly answer: Answer;
  readonly result: Exclude<LambdaFunctionURLResult, string>;
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

/** Makes what stands between a function URL in the buffered mode and the registry. */
export function createFunctionUrl(options: FunctionUrlOptions): FunctionUrl {
  return async (event, milliseconds) => {
    const answered = await within(milliseconds, answerEvent(event, options));
    if (answered !== undefined) return answered;
    const { target } = new EventRequest(event);
    return withBody(failureAnswer(target, 'no answer in the time that a function has'));
  };
}

async function answerEvent(
  event: LambdaFunctionURLEvent,
  options: FunctionUrlOptions,
): Promise<FunctionUrlAnswer> {
  let target = '/';
  try {
    const request = new EventRequest(event);
    const { method } = request;
    target = request.target;
    const answer = await options.answer(request);
    if (method === 'HEAD') return await answerHead(answer, options);
    return await answerWhole(answer, target);
  } catch (error) {
    options.onError(error);
    return withBody(failureAnswer(target, 'the function failed'));
  }
}

/** A body that breaks or does not fit sends the client to the origin: nothing of it has left yet. */
async function answerWhole(answer: Answer, target: string): Promise<FunctionUrlAnswer> {
  const stream = streamOf(answer.body);
  if (stream === undefined) {
    const sent = withBody(answer);
    return sent.bytes <= longestBody ? sent : withBody(failureAnswer(target, tooLong));
  }
  const length = answer.headers['content-length'];
  const isTooLong = Number(length ?? 0) > longestBody;
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  try {
    if (isTooLong) await stream.cancel();
    else bytes = await collectBody(stream, longestBody);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the body broke off';
    return withBody(failureAnswer(target, reason));
  }
  if (bytes === undefined) return withBody(failureAnswer(target, tooLong));
  if (length !== undefined && Number(length) !== bytes.byteLength) {
    return withBody(failureAnswer(target, 'the body has another length than was promised'));
  }
  return withBody({ ...answer, body: bytes });
}

async function answerHead(
  answer: Answer,
  { headForm, signHead }: FunctionUrlOptions,
): Promise<FunctionUrlAnswer> {
  await streamOf(answer.body)
    ?.cancel()
    .catch(() => undefined);
  const chosen = headBody(answer, headForm);
  if (chosen.kind === 'bytes') return { ...withBody({ ...answer, body: chosen.bytes }), bytes: 0 };
  if (chosen.kind === 'too-long') {
    const location = await signHead(answer);
    if (location !== undefined) return { ...redirected(answer, location), bytes: 0 };
  }
  const { answer: same, result } = withBody({ ...answer, body: undefined });
  const { length } = chosen;
  if (length === undefined) return { answer: same, result, bytes: 0 };
  const headers = { ...result.headers, 'content-length': length };
  return { answer: same, result: { ...result, headers }, bytes: 0 };
}

function redirected(answer: Answer, location: string): FunctionUrlAnswer {
  const headers = { ...answer.headers, location, 'cache-control': 'private, no-store' };
  return withBody({ ...answer, status: 307, headers, body: undefined });
}

function withBody(answer: Answer): FunctionUrlAnswer {
  const { bytes, ...sent } = bodyOf(answer);
  const result = { statusCode: answer.status, headers: sentHeaders(answer), ...sent };
  return { answer, result, bytes };
}

function bodyOf({ body }: Answer): SentBody {
  if (typeof body === 'string') {
    return { body, isBase64Encoded: false, bytes: Buffer.byteLength(body) };
  }
  return body instanceof Uint8Array ? sentBytes(body) : nothing;
}

const tooLong = 'too long for a function URL';

const nothing: SentBody = { body: '', isBase64Encoded: false, bytes: 0 };

/**
 * A function URL's event (payload 2.0) as the registry takes it: the path and the query as they
 * were sent, and headers that the front has already joined under lower-case names. The body is not
 * read: nothing that is answered here has one.
 */
class EventRequest implements RegistryRequest {
  readonly method: string;
  readonly target: string;
  readonly #headers: LambdaFunctionURLEvent['headers'];

  constructor(event: LambdaFunctionURLEvent) {
    const { rawPath, rawQueryString, headers, requestContext } = event;
    this.method = requestContext.http.method;
    this.target = rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`;
    this.#headers = headers;
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }
}
