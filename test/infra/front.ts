import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer on its way through the front; a fault changes it. */
export interface PassingAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  readonly method: string;
  readonly path: string;
}

/** What a broken front does to an answer. */
export type Fault = (answer: PassingAnswer) => void;

/** A front before a mirror, like the one of a function URL, with a bucket beside it. */
export interface Front {
  readonly url: string;
  fault: Fault;
  close(): Promise<void>;
}

/** The name of the front's bucket. */
export const bucket = 'blobs-of-a-test';

const blobPath = /^\/v2\/.+\/blobs\/sha256:([0-9a-f]{64})$/;
const objectPath = new RegExp(`^/${bucket}/blobs/sha256/..(?=/)/([0-9a-f]{64})\\?`);

/** Starts a front that passes everything on, but redirects blobs to its bucket by GET. */
export async function startFront(mirror: string): Promise<Front> {
  const front: { fault: Fault } = { fault: () => undefined };
  const server = createServer((request, response) => {
    handle(mirror, front.fault, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  return Object.assign(front, {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

async function handle(
  mirror: string,
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const answer = await answerOf(mirror, method, url, request);
  fault(answer);
  response.writeHead(answer.status, answer.headers);
  response.end(method === 'HEAD' ? undefined : answer.body);
}

async function answerOf(
  mirror: string,
  method: string,
  path: string,
  request: IncomingMessage,
): Promise<PassingAnswer> {
  const blob = blobPath.exec(path);
  if (blob !== null && method === 'GET') {
    const [, hex = ''] = blob;
    const key = `${bucket}/blobs/sha256/${hex.slice(0, 2)}/${hex}`;
    const headers = {
      location: `http://${request.headers.host}/${key}?X-Amz-Signature=secret`,
      'cache-status': 'Pullfront; hit',
    };
    return { status: 307, headers, body: Buffer.alloc(0), method, path };
  }
  const { accept, range } = request.headers;
  const [, hex] = objectPath.exec(path) ?? [];
  const asked = hex === undefined ? path : `/v2/library/app/blobs/sha256:${hex}`;
  const passed = await fetch(new URL(asked, mirror), {
    method,
    redirect: 'manual',
    headers: {
      'accept-encoding': 'identity',
      ...(accept !== undefined && { accept }),
      ...(range !== undefined && { range }),
    },
  });
  const { connection: _, 'keep-alive': __, ...headers } = Object.fromEntries(passed.headers);
  const body = Buffer.from(await passed.arrayBuffer());
  return { status: passed.status, headers, body, method, path };
}
