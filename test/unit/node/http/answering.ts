import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Written } from '../../../../functions/core/observe/request-line.ts';
import type { Answer } from '../../../../functions/core/registry/answer.ts';
import { type Listener, listen } from '../../../../functions/node/http/listener.ts';
import { writeAnswer } from '../../../../functions/node/http/write-answer.ts';

/** A server that gives one answer to everything, and how the writing of each ended. */
export interface Answering extends Listener {
  readonly written: Promise<Written>[];
  readonly requests: string[];
  /** Resolves when so many requests have come. */
  came(count: number): Promise<void>;
}

/** Starts one on a free port, whose clients may read nothing for `patience` ms. */
export async function answering(
  answer: (method: string) => Answer,
  patience?: number,
): Promise<Answering> {
  const written: Promise<Written>[] = [];
  const requests: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const config = { listen: { host: '127.0.0.1', port: 0 }, tls: undefined };
  const listener = await listen(config, async (request, response) => {
    const { method = '' } = request;
    requests.push(`${method} ${request.url}`);
    const writing = Promise.resolve(writeAnswer(answer(method), method, response, patience));
    written.push(writing);
    for (const one of waiting) if (requests.length >= one.count) one.resolve();
    await writing;
  });
  return {
    ...listener,
    written,
    requests,
    came: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

/** An answer with this body. */
export function answerOf(body: Answer['body'], headers: Record<string, string> = {}): Answer {
  return {
    status: 200,
    headers,
    body,
    note: { kind: 'blob', form: 'root', upstreamCalls: 0 },
  };
}

/** A connection that sends a text as it is. */
export async function sent(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** All that comes until the end of the connection. */
export async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  if (!socket.closed) await once(socket, 'close');
  return text;
}
