import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { actionOf, type FaultAction } from './faults.ts';
import type { RequestRecord } from './record.ts';
import type { Body } from './send.ts';

/** Resolves after `ms` milliseconds; does not keep the process alive. */
export function pause(ms: number): Promise<void> {
  return wait(ms, undefined, { ref: false });
}

/** Resolves with the promise, or as soon as the connection is gone. */
export async function whileOpen(
  response: ServerResponse,
  promise: Promise<unknown>,
): Promise<void> {
  if (response.destroyed) return;
  let gone = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    gone = resolve;
    response.once('close', resolve);
  });
  await Promise.race([promise, closed]);
  response.off('close', gone);
}

/** Writes the bytes from `start` to `end` (exclusive) at the client's pace, as the faults allow. */
export async function sendBody(
  response: ServerResponse,
  body: Body,
  { start, end }: { readonly start: number; readonly end: number },
  faults: readonly FaultAction[],
  record: RequestRecord,
): Promise<void> {
  const slow = actionOf(faults, 'slow');
  const stops = stopsOf(faults);
  const chunkSize = slow === undefined ? 1 << 20 : Math.max(1, Math.ceil(slow.bytesPerSecond / 50));
  let sent = 0;
  for await (let chunk of chunksOf(body, start, end, chunkSize)) {
    chunk = flipped(chunk, start + sent, actionOf(faults, 'flip')?.at);
    let at = 0;
    while (at < chunk.byteLength) {
      const stop = stops[0];
      const part = chunk.subarray(at, stop === undefined ? undefined : at + stop.after - sent);
      await write(response, part, record, sent + part.byteLength === stop?.after);
      at += part.byteLength;
      sent += part.byteLength;
      if (response.destroyed) return;
      if (stop !== undefined && sent === stop.after) {
        stops.shift();
        if (!(await meet(response, stop, faults))) return;
      }
    }
    if (slow !== undefined) {
      await whileOpen(response, pause((chunk.byteLength / slow.bytesPerSecond) * 1000));
    }
  }
  const wrongLength = actionOf(faults, 'wrong-length') !== undefined;
  response.end(() => {
    if (wrongLength) response.socket?.destroySoon();
  });
}

type Stop = Extract<FaultAction, { readonly kind: 'hold' | 'stall' | 'truncate' | 'reset' }> & {
  readonly after: number;
};

function stopsOf(faults: readonly FaultAction[]): Stop[] {
  const stops = faults.flatMap((one): Stop[] => {
    if (one.kind === 'hold') return one.after === undefined ? [] : [{ ...one, after: one.after }];
    return one.kind === 'stall' || one.kind === 'truncate' || one.kind === 'reset' ? [one] : [];
  });
  return stops
    .map((one) => ({ ...one, after: Math.max(1, one.after) }))
    .sort((a, b) => a.after - b.after);
}

/** What happens at a stop; false if nothing more is to be sent. */
async function meet(
  response: ServerResponse,
  stop: Stop,
  faults: readonly FaultAction[],
): Promise<boolean> {
  if (stop.kind === 'hold') {
    await whileOpen(response, stop.until);
    return !response.destroyed;
  }
  if (stop.kind === 'stall') await whileOpen(response, new Promise(() => undefined));
  else if (stop.kind === 'reset') response.socket?.resetAndDestroy();
  else if (actionOf(faults, 'no-length') !== undefined) response.end();
  else response.socket?.destroySoon();
  return false;
}

/** Writes a part; with `flush`, waits until the system has it, so that a cut comes after it. */
async function write(
  response: ServerResponse,
  part: Uint8Array,
  record: RequestRecord,
  flush: boolean,
): Promise<void> {
  record.bytesSent += part.byteLength;
  if (flush) {
    const flushed = new Promise<void>((resolve) => void response.write(part, () => resolve()));
    await whileOpen(response, flushed);
  } else if (!response.write(part) && !response.destroyed) {
    await whileOpen(response, new Promise((resolve) => response.once('drain', resolve)));
  }
}

async function* chunksOf(
  body: Body,
  start: number,
  end: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  if (end <= start) return;
  if ('path' in body) {
    yield* createReadStream(body.path, { start, end: end - 1, highWaterMark: size });
    return;
  }
  const bytes = 'bytes' in body ? body.bytes : body;
  for (let at = start; at < end; at += size) yield bytes.subarray(at, Math.min(at + size, end));
}

function flipped(chunk: Uint8Array, offset: number, at: number | undefined): Uint8Array {
  const byte = at === undefined ? undefined : chunk[at - offset];
  if (at === undefined || byte === undefined) return chunk;
  const copy = Uint8Array.from(chunk);
  copy[at - offset] = byte ^ 0x01;
  return copy;
}
