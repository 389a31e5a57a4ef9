import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Writable } from 'node:stream';
import type { Written } from '../../core/observe/request-line.ts';
import type { Answer } from '../../core/registry/answer.ts';

/** Up to this size, in bytes, a body is sent in one piece with the headers. */
const smallBody = 64 * 1024;

/**
 * How long a client may take none of the bytes that wait for it, in ms. It holds memory, a file or a
 * connection to an upstream meanwhile.
 */
const unreadTime = 60_000;

const nothing: Written = { bytes: 0, end: 'complete' };

/**
 * Writes an answer at the client's pace. Never rejects. If the client leaves, or reads nothing for
 * `patience` ms, its stream is cancelled. If the stream fails, the connection is cut, so that the client notices.
 */
export function writeAnswer(
  { body, status, headers }: Answer,
  method: string,
  response: MeteredResponse,
  patience = unreadTime,
): Written | Promise<Written> {
  response.writeHead(status, headers);
  if (body === undefined || method === 'HEAD') {
    response.end();
    if (!(body instanceof ReadableStream)) return nothing;
    return body.cancel().then(
      () => nothing,
      () => nothing,
    );
  }
  if (body instanceof ReadableStream) {
    cutUnread(response, patience);
    return writeStream(body, response);
  }
  if (body.length > smallBody) cutUnread(response, patience);
  if (typeof body === 'string') response.end(body);
  else if (body.byteLength > smallBody) response.end(body);
  // Node sends text together with the headers, in one system call instead of two. Latin-1 maps every
  // byte to one character and back.
  else response.end(textOf(body), 'latin1');
  return { bytes: Buffer.byteLength(body), end: 'complete' };
}

/** How often the system is asked, during `patience`, whether it took bytes of a socket. */
const checks = 10;

/** Cuts the connection if the client takes no byte for so long, but not while none waits for it. */
function cutUnread(response: MeteredResponse, patience: number): void {
  const { socket } = response;
  if (socket === null) return;
  const interval = patience / checks;
  let unread = 0;
  let sent = 0;
  let checked = 0;
  // Node leaves out the event if the system took a part of a write since it checked last.
  response.setTimeout(interval, () => {
    const now = performance.now();
    const isNext = now - checked < interval * 1.5 && response.sentBytes === sent;
    checked = now;
    sent = response.sentBytes;
    if (socket.writableLength === 0) unread = 0;
    else unread = isNext ? unread + 1 : 1;
    if (unread >= checks) response.destroy();
    else socket.setTimeout(interval);
  });
  response.once('close', () => {
    // The answer to a request that was pipelined behind this one may take longer.
    if (socket.timeout === interval) socket.setTimeout(0);
  });
}

/** The texts of bodies in memory, which go with them. The core counts them in `memoryBytes`. */
const texts = new WeakMap<Uint8Array, string>();

function textOf(body: Uint8Array): string {
  const known = texts.get(body);
  if (known !== undefined) return known;
  const { buffer, byteOffset, byteLength } = body;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  texts.set(body, text);
  return text;
}

async function writeStream(
  body: ReadableStream<Uint8Array>,
  response: MeteredResponse,
): Promise<Written> {
  const left = new AbortController();
  const leave = () => left.abort();
  response.once('close', leave);
  // A write to a connection that was just cut fails before 'close'.
  response.on('error', leave);
  if (response.destroyed) leave();
  try {
    const node = nodeBodyOf(body);
    if (node === undefined) await pump(body, response, left.signal);
    else await node.writeTo(response, left.signal);
    if (!left.signal.aborted) await sent(response, left.signal);
    return { bytes: response.sentBytes, end: response.writableFinished ? 'complete' : 'left' };
  } catch (error) {
    if (left.signal.aborted) return { bytes: response.sentBytes, end: 'left' };
    response.destroy();
    return { bytes: response.sentBytes, end: 'broken', error };
  } finally {
    response.off('close', leave);
  }
}

/** Ends a response and waits until all of it is sent or the client has left. */
async function sent(response: MeteredResponse, signal: AbortSignal): Promise<void> {
  response.end();
  if (response.writableFinished) return;
  await once(response, 'finish', { signal }).catch(() => undefined);
}

async function pump(
  body: ReadableStream<Uint8Array>,
  response: MeteredResponse,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    if (!response.write(value)) await once(response, 'drain', { signal });
  }
}

type WriteCallback = (error: Error | null | undefined) => void;

/** A response that counts the bytes of a body that is written in pieces. */
export class MeteredResponse extends ServerResponse<IncomingMessage> {
  #sent = 0;

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    const length = chunk instanceof Uint8Array ? chunk.byteLength : 0;
    const counted: WriteCallback = (error) => {
      // Node also reports a write as done if it was cut off with its connection.
      if (!error && this.socket?.destroyed === false) this.#sent += length;
      done?.(error);
    };
    if (typeof encoding === 'string') return super.write(chunk, encoding, counted);
    return super.write(chunk, counted);
  }

  /** Bytes of the body that the system accepted, without those lost when a client left. */
  get sentBytes(): number {
    return this.#sent;
  }
}

/** A faster way to send a stream: from its source straight into a socket. */
export interface NodeBody {
  /**
   * Writes all bytes and resolves when the sink took the last; does not end the sink. Rejects if the
   * sink closed or failed, the signal aborted, or the bytes are wrong: the caller must then destroy
   * the sink, which was promised more. Called once, instead of reading the stream.
   */
  writeTo(sink: Writable, signal?: AbortSignal): Promise<void>;
}

const nodeBodies = new WeakMap<ReadableStream<Uint8Array>, NodeBody>();

/** The faster way to send this stream, if it has one. */
export function nodeBodyOf(stream: ReadableStream<Uint8Array>): NodeBody | undefined {
  return nodeBodies.get(stream);
}

/** Gives a stream a faster way: chunks of Web streams cost more than reading a file. */
export function setNodeBody(stream: ReadableStream<Uint8Array>, body: NodeBody): void {
  nodeBodies.set(stream, body);
}
