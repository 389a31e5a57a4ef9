import type { Config } from '../core/config/resolve.ts';
import { openEmbeddedStore } from '../local/store/embedded-store.ts';
import { type RunningServer, startServer } from '../node/server.ts';
import type { OpenStores } from '../node/stores.ts';
import { banner } from './banner.ts';
import { startFailure } from './failure.ts';

/** The stores that the configuration asks for. */
function openStores({ store, data, aws }: Config): OpenStores {
  if (store === 'cloudflare') {
    throw new Error('the store on Cloudflare belongs to a Worker: see infra/cloudflare');
  }
  if (aws === undefined) return (options) => openEmbeddedStore(data, options);
  return async (options) => {
    const { serverStores } = await import('../aws/server-stores.ts');
    return serverStores(aws, process.env)(options);
  };
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that comes twice so soon is one: npm passes on what the terminal has already sent. */
const sameSignal = 500;

/** Serves until a signal comes, and gives the exit code: 0, or 1 when it did not start. */
export async function serve(config: Config): Promise<number> {
  const terminal = process.stdout.isTTY === true;
  let server: RunningServer;
  try {
    server = await startServer(config, openStores(config), { terminal });
  } catch (error) {
    process.stderr.write(`pullfront: ${startFailure(error, config)}\n`);
    return 1;
  }
  process.stderr.write(`${banner(config, server)}\n`);
  await firstSignal();
  process.stderr.write('Stopping; once more to stop at once.\n');
  await server.close();
  return 0;
}

/** Resolves at the first signal; a second one ends the process at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = () => {
      const now = Date.now();
      if (first === undefined) {
        first = now;
        resolve();
      } else if (now - first > sameSignal) process.exit(130);
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
