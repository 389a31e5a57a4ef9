import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, newRecord, type S3Request } from './answer.ts';
import type { S3Credentials } from './authentication.ts';
import type { Keep } from './body.ts';
import { type S3Fault, S3Faults } from './faults.ts';
import type { Bucket } from './objects.ts';

/** What the server is, and who may ask it. */
export interface S3ServerOptions {
  readonly credentials: S3Credentials;
  readonly region: string;
  /** Its only bucket, which is there from the start. */
  readonly bucket: string;
  /** Default `all`. */
  readonly keep?: Keep;
}

/** A server that runs. */
export interface S3Server {
  /** For path-style requests: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Everything that was asked, in order. */
  readonly requests: readonly S3Request[];
  readonly bucket: Bucket;
  /** Makes something fail for the next request that matches. */
  fail(fault: S3Fault): void;
  close(): Promise<void>;
}

/**
 * Starts a small S3 on the loopback, for one bucket and one account. It has the operations that the
 * mirror uses, checks signatures, checksums, conditions and parts as Amazon does, and refuses all
 * else. No package of npm does that, and with a server in another process a test cannot see each
 * request, look into the bucket, or make a request fail or lose its answer.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { credentials, region, keep = 'all' } = options;
  const bucket: Bucket = { name: options.bucket, objects: new Map(), uploads: new Map() };
  const faults = new S3Faults();
  const world = { bucket, keep, authority: { credentials, region, now: Date.now }, faults };
  const requests: S3Request[] = [];
  const server = createServer((message, response) => {
    const { method, socket } = message;
    const record = newRecord(message);
    requests.push(record);
    answer(message, world, record)
      .then(({ status, headers, body, cutAfter }) => {
        record.status = status;
        response.writeHead(status, headers);
        if (cutAfter !== undefined) {
          response.write(body?.subarray(0, cutAfter), () => socket.destroy());
        } else response.end(method === 'HEAD' ? undefined : body);
      })
      .catch(() => socket.destroy());
  });
  // An upload of gigabytes may take longer than Node's five minutes.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // A TCP listener has no other address.
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    bucket,
    fail: (fault) => faults.add(fault),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
