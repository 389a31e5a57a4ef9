import type { IncomingMessage, ServerResponse } from 'node:http';
import { actionOf, type FaultAction } from './faults.ts';
import type { RequestKind, RequestLog, RequestRecord } from './record.ts';
import { type Reply, textReply } from './reply.ts';
import { send } from './send.ts';
import { pause, whileOpen } from './send-body.ts';

/** A request that has arrived and what is known of it before it is answered. */
export interface Arrival {
  readonly kind: RequestKind;
  readonly repository: string | undefined;
  readonly reference: string | undefined;
  readonly url: URL;
}

/** Notes the arrival of a request; the values of its credentials are left out. */
export function arrive(log: RequestLog, request: IncomingMessage, arrival: Arrival): RequestRecord {
  const { authorization, cookie: _cookie, ...headers } = request.headers;
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: arrival.url.pathname,
    query: arrival.url.searchParams,
    kind: arrival.kind,
    repository: arrival.repository,
    reference: arrival.reference,
    headers,
    authorization: authorization?.split(' ')[0],
    authorized: false,
    status: 0,
    bytesSent: 0,
    finished: false,
  };
  log.add(record);
  return record;
}

/** Answers a request: first the faults that come before an answer, then `decide`, then the rest. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  record: RequestRecord,
  faults: readonly FaultAction[],
  decide: () => Reply,
): Promise<void> {
  const delay = actionOf(faults, 'delay');
  if (delay !== undefined) await whileOpen(response, pause(delay.ms));
  for (const one of faults) {
    if (one.kind === 'hold' && one.after === undefined) await whileOpen(response, one.until);
  }
  if (actionOf(faults, 'silence') !== undefined) {
    await whileOpen(response, new Promise(() => undefined));
  }
  if (response.destroyed) return;
  if (actionOf(faults, 'hang-up') !== undefined) {
    request.socket.destroy();
    return;
  }
  const raw = actionOf(faults, 'raw');
  if (raw !== undefined) {
    sendRaw(request, record, raw.text);
    return;
  }
  const failure = actionOf(faults, 'status');
  const reply =
    failure === undefined
      ? decide()
      : textReply(failure.status, failure.body ?? '', 'text/plain', failure.headers);
  await send(request, response, reply, faults, record);
}

/** Writes bytes past Node's HTTP writer, which would not send a malformed answer. */
export function sendRaw(request: IncomingMessage, record: RequestRecord, text: string): void {
  const [head = '', ...body] = text.split(/\r?\n\r?\n/);
  record.status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0);
  record.bytesSent = Buffer.byteLength(body.join('\n\n'));
  record.finished = true;
  request.socket.end(text);
}
