import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { migrate } from './migrate.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What a Worker is started with.
 * @typedef {object} WorkerOptions
 * @property {string} configuration the text of the configuration module
 * @property {string | undefined} data the folder where D1 and R2 keep their data; undefined: memory
 * @property {string} host
 * @property {number} port 0 takes a free one
 * @property {Record<string, string>} variables variables and secrets
 * @property {(text: string) => void} print takes what the Worker logs
 */

/**
 * Runs the built bundle on workerd, with its bindings by miniflare. It listens by a socket of its
 * own: miniflare's would put a Worker before it that compresses answers.
 * @param {WorkerOptions} options
 * @returns {Promise<{ url: string, index: { prepare(sql: string): any }, close(): Promise<void> }>}
 */
export async function openWorker({ configuration, data, host, port, variables, print }) {
  const worker = new Miniflare({
    modules: [
      ...(await builtModules()),
      { type: 'ESModule', path: 'configuration.js', contents: configuration },
    ],
    compatibilityDate: '2026-04-15',
    compatibilityFlags: ['nodejs_compat'],
    bindings: variables,
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
    handleRuntimeStdio: (
      /** @type {import('node:stream').Readable} */ output,
      /** @type {import('node:stream').Readable} */ errors,
    ) => {
      for (const stream of [output, errors]) stream.on('data', (chunk) => print(String(chunk)));
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
  const names = await readdir(folder).catch(() => /** @type {string[]} */ ([]));
  if (!names.includes('worker.js')) {
    throw new Error('dist/edge/worker.js is missing; run: npm run build');
  }
  const others = names.filter(
    (name) => /\.js$/.test(name) && !/^(?:worker|configuration)\./.test(name),
  );
  return Promise.all(
    ['worker.js', ...others].map(async (path) => {
      const contents = await readFile(`${folder}/${path}`, 'utf8');
      return { type: /** @type {const} */ ('ESModule'), path, contents };
    }),
  );
}
