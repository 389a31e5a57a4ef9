import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { bodyOf, carryOut, understand, type World } from './answer.ts';
import { type ArrivedRequest, arrive } from './arrived-request.ts';
import { actionOf, type S3FaultAction, type S3Faults } from './faults.ts';
import type { S3Request } from './record.ts';
import { type Reply, xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';

/** Answers one request and keeps its record up to date. */
export async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  world: World,
  faults: S3Faults,
  record: S3Request,
): Promise<void> {
  const id = randomBytes(8).toString('hex').toUpperCase();
  const outcome = await outcomeOf(message, world, faults, record).catch((error: unknown) => {
    if (error instanceof Dropped || message.socket.destroyed) return 'dropped' as const;
    return { reply: refusal(error, record, id), cut: undefined };
  });
  if (outcome === 'dropped') {
    message.socket.destroy();
    return;
  }
  const { reply, cut } = outcome;
  record.status = reply.status;
  response.writeHead(reply.status, {
    ...reply.headers,
    'x-amz-request-id': id,
    server: 'pullfront-test-s3',
  });
  if (reply.body === undefined || message.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(Readable.from(sent(reply.body, record, cut), { objectMode: true }), response);
}

/** The test wanted the connection dropped. */
class Dropped extends Error {}

async function outcomeOf(
  message: IncomingMessage,
  world: World,
  faults: S3Faults,
  record: S3Request,
): Promise<{ readonly reply: Reply; readonly cut: number | undefined } | 'dropped'> {
  const request = arrive(message);
  const understood = understand(request, world);
  record.operation = understood.operation;
  record.key = understood.target.key;
  record.auth = understood.auth;
  const actions = faults.take(understood.operation, understood.target.key);
  const cut = actionOf(actions, 'cut')?.after;
  const delay = actionOf(actions, 'delay');
  if (delay !== undefined) await pause(delay.ms);
  await actionOf(actions, 'hold')?.until;
  const drop = actionOf(actions, 'drop');
  if (drop !== undefined && drop.after === undefined) return 'dropped';
  const body = await bodyOf(counted(request, record, drop?.after), understood, world);
  const made = madeReply(actions);
  if (made !== undefined) return { reply: made, cut };
  const reply = await carryOut(request, understood, body, world);
  return actionOf(actions, 'drop-answer') === undefined ? { reply, cut } : 'dropped';
}

/** The body as it comes, counted, and broken off after so many bytes if a test wants it. */
function counted(
  request: ArrivedRequest,
  record: S3Request,
  dropAfter: number | undefined,
): ArrivedRequest {
  async function* body(): AsyncGenerator<Buffer> {
    for await (const piece of request.body) {
      record.bytesReceived += piece.length;
      if (dropAfter !== undefined && record.bytesReceived > dropAfter) throw new Dropped();
      yield piece;
    }
  }
  return { ...request, body: body() };
}

function madeReply(actions: readonly S3FaultAction[]): Reply | undefined {
  const status = actionOf(actions, 'status');
  if (status !== undefined) throw new S3Error(status.code, 'Made to fail by the test');
  const answer = actionOf(actions, 'answer');
  if (answer === undefined) return undefined;
  return { status: answer.status, headers: {}, body: Readable.from([Buffer.from(answer.body)]) };
}

function refusal(error: unknown, record: S3Request, id: string): Reply {
  const { code, message, status } =
    error instanceof S3Error ? error : new S3Error('InternalError', `Unexpected: ${error}`);
  record.code = code;
  return xmlReply(
    'Error',
    [
      ['Code', code],
      ['Message', message],
      ['RequestId', id],
    ],
    status,
  );
}

async function* sent(
  body: AsyncIterable<Uint8Array>,
  record: S3Request,
  cut: number | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    const left = cut === undefined ? piece.length : cut - record.bytesSent;
    const part = piece.subarray(0, Math.max(0, left));
    record.bytesSent += part.length;
    yield part;
    if (part.length < piece.length) throw new Dropped();
  }
}
