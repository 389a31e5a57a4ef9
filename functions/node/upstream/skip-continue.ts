import type { Socket } from 'node:net';

/** Longer headers of a 100 Continue are left to the parser. */
const maxHeaderBytes = 16 * 1024;

/**
 * Drops a 100 Continue ahead of a response, which a server may send unasked and a client may ignore
 * (RFC 9110 §15.2). undici takes it for a bad response. Only what follows a request is looked at, so
 * that no body changes.
 */
export function skipContinue(socket: Socket): void {
  let isBeforeResponse = false;
  let held: Buffer = Buffer.alloc(0);
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  const read: (size?: number) => Buffer | null = socket.read.bind(socket);
  socket.write = (...given: unknown[]) => {
    isBeforeResponse = true;
    return write(...given);
  };
  socket.read = (size?: number) => {
    const chunk = read(size);
    if (!isBeforeResponse || chunk === null) return chunk;
    const text = Buffer.concat([held, chunk]);
    const start = responseStart(text);
    held = start === undefined ? text : Buffer.alloc(0);
    if (start === undefined || start === text.length) return null;
    isBeforeResponse = false;
    return start === 0 ? text : text.subarray(start);
  };
}

/** Where the response begins behind 100 Continue; undefined if more bytes are needed to know. */
function responseStart(bytes: Buffer): number | undefined {
  let start = 0;
  for (;;) {
    const line = bytes.toString('latin1', start, start + 12);
    const isContinue = /^HTTP\/1\.[01] 100/.test(line);
    if (!isContinue) return line !== '' && mayBecomeContinue(line) ? undefined : start;
    const end = bytes.indexOf('\r\n\r\n', start);
    if (end < 0) return bytes.length - start > maxHeaderBytes ? start : undefined;
    start = end + 4;
  }
}

function mayBecomeContinue(line: string): boolean {
  return 'HTTP/1.1 100'.startsWith(line) || 'HTTP/1.0 100'.startsWith(line);
}
