import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Miniflare } from 'miniflare';
import { root } from '../project.ts';
import { migrate, type RunSql } from './migrate.ts';

const compatibilityDate = '2026-04-15';

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
  /** Runs statements on its database. */
  readonly run: RunSql;
  close(): Promise<void>;
}

/**
 * Runs the built bundle on workerd, with its bindings by miniflare. It listens by a socket of its
 * own: miniflare's would put a Worker before it that compresses answers.
 */
export async function openWorker(options: WorkerOptions): Promise<OpenWorker> {
  const { configuration, data, host, port, variables, print } = options;
  const key = randomUUID();
  const miniflare = new Miniflare({
    workers: [
      {
        name: 'index',
        modules: [{ type: 'ESModule', path: 'index-worker.js', contents: await indexWorker() }],
        compatibilityDate,
        bindings: { KEY: key },
        d1Databases: { DB: 'pullfront' },
      },
      {
        name: 'pullfront',
        modules: [
          ...(await builtModules()),
          { type: 'ESModule', path: 'configuration.js', contents: configuration },
        ],
        compatibilityDate,
        compatibilityFlags: ['nodejs_compat'],
        bindings: { ...variables },
        d1Databases: { DB: 'pullfront' },
        r2Buckets: { BUCKET: 'pullfront' },
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
      },
    ],
    d1Persist: data === undefined ? false : `${data}/d1`,
    r2Persist: data === undefined ? false : `${data}/r2`,
    handleRuntimeStdio: (output: Readable, errors: Readable) => {
      for (const stream of [output, errors])
        stream.on('data', (chunk: Buffer) => print(String(chunk)));
    },
    // Nothing is fetched from Cloudflare to run here.
    cf: false,
  });
  const run: RunSql = async (statements) => {
    const body = JSON.stringify(statements.map(({ sql, values = [] }) => ({ sql, values })));
    const headers = { authorization: key };
    // A request without a name is for the first Worker.
    const answer = await miniflare.dispatchFetch('http://index', { method: 'POST', body, headers });
    if (!answer.ok) throw new Error(`the index: ${await answer.text()}`);
    // What the Worker beside it answers.
    return (await answer.json()) as Awaited<ReturnType<RunSql>>;
  };
  try {
    await miniflare.ready;
    await migrate(run, `${root}infra/cloudflare/migrations`);
    const { origin } = await miniflare.unsafeGetDirectURL('pullfront');
    return { url: origin, run, close: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

function indexWorker(): Promise<string> {
  return readFile(`${root}scripts/edge/index-worker.js`, 'utf8');
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
