import { readdir, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Miniflare } from 'miniflare';
import { root } from '../project.ts';
import { migrate } from './migrate.ts';

/** What a Worker is started with. */
export interface WorkerOptions {
  /** The text of the configuration module. */
  readonly configuration: string;
  /** The folder where D1 and R2 keep their data; undefined: memory. */
  readonly data: string | undefined;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Variables and secrets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Gets what the Worker logs. */
  print(text: string): void;
}

/** A Worker that runs on workerd. */
export interface OpenWorker {
  readonly url: string;
  /** The database, past the Worker. */
  readonly index: {
    prepare(sql: string): { first(): Promise<Readonly<Record<string, unknown>> | null> };
  };
  close(): Promise<void>;
}

/**
 * Runs the built bundle on workerd, with its bindings by miniflare. It listens by a socket of its
 * own: miniflare's would put a Worker before it that compresses answers.
 */
export async function openWorker(options: WorkerOptions): Promise<OpenWorker> {
  const { configuration, data, host, port, variables, print } = options;
  const worker = new Miniflare({
    modules: [
      ...(await builtModules()),
      { type: 'ESModule', path: 'configuration.js', contents: configuration },
    ],
    compatibilityDate: '2026-04-15',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { ...variables },
    d1Databases: { DB: 'pullfront' },
    d1Persist: data === undefined ? false : `${data}/d1`,
    r2Buckets: { BUCKET: 'pullfront' },
    r2Persist: data === undefined ? false : `${data}/r2`,
    queueProducers: { FILLS: 'pullfront-fills', GIVEN_UP: 'pullfront-fills-given-up' },
    queueConsumers: {
      'pullfront-fills': {
        maxBatchSize: 1,
        maxBatchTimeout: 0,
        maxRetries: 100,
        retryDelay: 10,
        deadLetterQueue: 'pullfront-fills-given-up',
      },
    },
    unsafeDirectSockets: [{ host, port }],
    handleRuntimeStdio: (output: Readable, errors: Readable) => {
      for (const stream of [output, errors])
        stream.on('data', (chunk: Buffer) => print(String(chunk)));
    },
    // Nothing is fetched from Cloudflare to run here.
    cf: false,
  });
  try {
    await worker.ready;
    const index = await worker.getD1Database('DB');
    await migrate(index, `${root}infra/cloudflare/migrations`);
    const { origin } = await worker.unsafeGetDirectURL();
    return { url: origin, index, close: () => worker.dispose() };
  } catch (error) {
    await worker.dispose();
    throw error;
  }
}

/** The bundle, the Worker first, without the configuration that was built beside it. */
async function builtModules() {
  const folder = `${root}dist/edge`;
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes('worker.js')) {
    throw new Error('dist/edge/worker.js is missing; run: npm run build');
  }
  const others = names.filter(
    (name) => /\.js$/.test(name) && !/^(?:worker|configuration)\./.test(name),
  );
  return Promise.all(
    ['worker.js', ...others].map(async (path) => {
      const contents = await readFile(`${folder}/${path}`, 'utf8');
      return { type: 'ESModule' as const, path, contents };
    }),
  );
}
