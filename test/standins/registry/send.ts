import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Stored } from '../images/content.ts';
import { selectRange } from './byte-range.ts';
import { actionOf, type FaultAction } from './faults.ts';
import type { RequestRecord } from './record.ts';
import type { Reply } from './reply.ts';
import { sendBody } from './send-body.ts';

/** A body as bytes in memory or as stored content. */
export type Body = Uint8Array | Stored;

/** Sends a decided answer: selects the range, applies the faults, and notes what was sent. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  faults: readonly FaultAction[],
  record: RequestRecord,
): Promise<void> {
  const body = reply.body ?? new Uint8Array();
  const size = 'byteLength' in body ? body.byteLength : body.size;
  const selected = select(request, reply, size, faults);
  const { start, end } = selected;
  for (const [name, value] of Object.entries({ ...reply.headers, ...selected.headers })) {
    response.setHeader(name, value);
  }
  const extra = actionOf(faults, 'wrong-length')?.by ?? 0;
  const chunked = actionOf(faults, 'no-length') !== undefined;
  if (selected.status !== 304 && !chunked) {
    response.setHeader('content-length', Math.max(0, end - start + extra));
  }
  if (extra !== 0) response.setHeader('connection', 'close');
  record.status = selected.status;
  response.writeHead(selected.status);
  if (request.method === 'HEAD' || selected.status === 304) {
    response.end();
  } else {
    if (end > start) response.flushHeaders();
    await sendBody(response, body, { start, end }, faults, record);
  }
  record.finished = response.writableEnded;
}

interface Selected {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly start: number;
  readonly end: number;
}

function select(
  request: IncomingMessage,
  reply: Reply,
  size: number,
  faults: readonly FaultAction[],
): Selected {
  const all = { status: reply.status, headers: {}, start: 0, end: size };
  if (reply.ranges !== true || actionOf(faults, 'ignore-range') !== undefined) return all;
  const range = selectRange(request.headers.range, size);
  if (range.kind === 'all') return all;
  if (range.kind === 'unsatisfiable') {
    return { status: 416, headers: { 'content-range': `bytes */${size}` }, start: 0, end: 0 };
  }
  const start = Math.min(range.start + (actionOf(faults, 'shift-range')?.by ?? 0), range.end - 1);
  const headers = { 'content-range': `bytes ${start}-${range.end - 1}/${size}` };
  return { status: 206, headers, start, end: range.end };
}
