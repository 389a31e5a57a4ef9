import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from './answer.ts';
import type { S3Credentials } from './authenticate.ts';
import type { Bucket } from './bucket.ts';
import { type S3Fault, S3Faults } from './faults.ts';
import type { Keep } from './kept-bytes.ts';
import { beginRecord, type S3Request } from './record.ts';
import { serve } from './serve.ts';

/** What the server is, and who may speak to it. */
export interface S3ServerOptions {
  readonly credentials: S3Credentials;
  readonly region: string;
  /** Its only bucket, which is there from the start. */
  readonly bucket: string;
  /** Ms since 1970; default: the clock. */
  readonly now?: (() => number) | undefined;
  /** Default `all`. */
  readonly keep?: Keep | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
}

/** A server under way. */
export interface S3Server {
  /** For path-style requests: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Everything that was asked, in order. */
  readonly requests: readonly S3Request[];
  /** What it holds; tests may look into it and take things away. */
  readonly bucket: Bucket;
  /** Lets something go wrong for the next request that matches. */
  fail(fault: S3Fault): void;
  /** Takes all faults away. */
  heal(): void;
  close(): Promise<void>;
}

/**
 * Starts a small S3 on the loopback, for one bucket and one account. What it knows it checks as the
 * real one does: signatures, lives, hashes, conditions, parts. What it does not know it refuses.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { credentials, region, keep = 'all', now = Date.now } = options;
  const bucket: Bucket = { name: options.bucket, objects: new Map(), uploads: new Map() };
  const folder = mkdtempSync(join(tmpdir(), `pullfront-s3-${process.pid}-`));
  // A test that runs out of time closes nothing.
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const world: World = { bucket, authority: { credentials, region, now }, folder, keep };
  const faults = new S3Faults();
  const requests: S3Request[] = [];
  const server = createServer((message, response) => {
    const record = beginRecord(message);
    requests.push(record);
    serve(message, response, world, faults, record).catch(() => response.destroy());
  });
  // An upload of gigabytes may take longer than Node's five minutes.
  server.requestTimeout = 0;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // A TCP listener has no other address.
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    bucket,
    fail: (fault) => faults.add(fault),
    heal: () => faults.clear(),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}
