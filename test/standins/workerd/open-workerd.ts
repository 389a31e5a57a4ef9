import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { contractWorker } from './bundle-worker.ts';
import { type Call, fromWire, type PutCall, toWire } from './wire.ts';

const migrations = fileURLToPath(new URL('../../../infra/cloudflare/migrations', import.meta.url));

/** workerd with the ports in it, over D1, R2 and Queues of miniflare. */
export interface Workerd {
  /** Calls a method of a port there. Rejects with the message of what it threw. */
  call(call: Call): Promise<unknown>;
  put(call: PutCall): Promise<unknown>;
  /** The answer to a `locate`. */
  locate(asked: object): Promise<Response>;
  /** The number of an instance that nobody had before. */
  newInstance(): number;
  /** Takes everything out of the stores. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** What else the Worker is bound to. */
export interface WorkerdOptions {
  /** Where fills are handled. */
  readonly handler?: string;
  /** Where blobs are redirected to. */
  readonly endpoint?: string;
  /** After so many bytes a put pauses. */
  readonly bytesPerPut?: number;
}

/** Starts workerd with empty stores. */
export async function openWorkerd(options: WorkerdOptions = {}) {
  const { handler = '', endpoint = '', bytesPerPut = 0 } = options;
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: await contractWorker() }],
    compatibilityDate: '2026-04-15',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { HANDLER: handler, ENDPOINT: endpoint, BYTES_PER_PUT: bytesPerPut },
    d1Databases: { DB: 'index' },
    r2Buckets: { BUCKET: 'blobs' },
    queueProducers: { FILLS: 'fills', GIVEN_UP: 'given-up' },
    queueConsumers: {
      fills: { maxBatchSize: 10, maxBatchTimeout: 0, maxRetries: 20, retryDelay: 0 },
      'given-up': { maxBatchSize: 1, maxBatchTimeout: 0 },
    },
    // Its own socket: the one of miniflare has a Worker before it that compresses answers.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    cf: false,
  });
  const { origin } = await miniflare.unsafeGetDirectURL();
  const post = (path: string, body: object) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      body: toWire(body),
      // workerd closes a connection that was idle for seconds, perhaps just when it is used again.
      headers: { connection: 'close' },
    });
  const value = async (path: string, body: object): Promise<unknown> => {
    const reply = fromWire(await (await post(path, body)).text());
    if (reply.error !== undefined) {
      throw Object.assign(new Error(reply.error), { name: reply.name });
    }
    return reply.value;
  };
  let instances = 0;
  const workerd: Workerd = {
    newInstance: () => ++instances,
    empty: async () => {
      const args = { instance: 0, port: 'tests', method: 'empty', args: [] };
      await value('/call', args);
    },
    call: (call) => value('/call', call),
    put: (call) => value('/put', call),
    locate: (asked) => post('/locate', asked),
    close: () => miniflare.dispose(),
  };
  const migrating = (await migrationStatements()).map((sql) => ({ sql }));
  await workerd.call({ instance: 0, port: 'tests', method: 'run', args: [migrating] });
  return workerd;
}

/** The statements of the migrations, taken apart as simply as D1's own tools once did: at semicolons. */
export async function migrationStatements(): Promise<string[]> {
  const names = (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort();
  const files = await Promise.all(names.map((name) => readFile(`${migrations}/${name}`, 'utf8')));
  return files.flatMap((text) => text.split(';')).filter((statement) => statement.trim() !== '');
}
