// The very bundle of the Worker on this machine: no account, data kept in a folder.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { clientLines } from '../functions/cli/client-lines.ts';
import type { Config } from '../functions/core/config/resolve.ts';
import { passwordVariables } from '../functions/core/config/resolved.ts';
import { parseListenAddress } from '../functions/core/config/units.ts';
import { wantsColor } from '../functions/node/observe/terminal-line.ts';
import { ConfigurationMistakes, printNotes, workerConfiguration } from './build/configuration.ts';
import { openWorker } from './edge/open-worker.ts';
import { terminalLog } from './edge/terminal-log.ts';
import { messageOf, version } from './project.ts';

const { values: options } = parseArgs({
  options: {
    config: { type: 'string', default: 'infra/cloudflare/pullfront.json' },
    data: { type: 'string', default: './pullfront-data/edge' },
    listen: { type: 'string', default: '127.0.0.1:5000' },
  },
});

try {
  await serve();
} catch (error) {
  console.error(`dev:edge: ${messageOf(error)}`);
  process.exit(error instanceof ConfigurationMistakes ? 2 : 1);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function serve(): Promise<void> {
  const { text, config, notes } = await workerConfiguration(options.config);
  printNotes(notes);
  const address = parseListenAddress(options.listen);
  if (address === undefined || 'socket' in address) {
    throw new Error(`--listen: expected HOST:PORT, :PORT or a port, got "${options.listen}"`);
  }
  const { host, port } = address;
  const worker = await openWorker({
    configuration: text,
    data: resolve(options.data),
    host,
    port,
    variables: variables(config),
    print:
      process.stdout.isTTY === true ? terminalLog(print, wantsColor(process.env, true)) : print,
  });
  const { host: authority } = new URL(worker.url);
  console.error(
    [
      `Pullfront ${version} mirrors ${[...config.upstreams.keys()].join(', ')}, as a Worker`,
      `  URL    ${worker.url}`,
      `  data   ${resolve(options.data)}`,
      '',
      ...clientLines(
        { scheme: 'http', authority, loopback: host.startsWith('127.') },
        config,
      ).flatMap((one) => [
        `${one.client}: ${one.file}`,
        ...one.lines.map((line) => `  ${line}`),
        '',
      ]),
    ].join('\n'),
  );
  stopBySignal(() => worker.close());
}

/**
 * Ends at the first signal, and at once by a later one. One that follows at once is the same: npm
 * passes on what the terminal has already sent.
 */
function stopBySignal(close: () => Promise<void>): void {
  let first = 0;
  const onSignal = async (): Promise<void> => {
    if (first !== 0) {
      if (Date.now() - first > 500) process.exit(130);
      return;
    }
    first = Date.now();
    await close();
    process.exit(0);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

/**
 * What the Worker gets of this process's environment: variables by their names, and the secrets
 * that the configuration and the presigning of R2 name.
 */
function variables(config: Config): Record<string, string> {
  const secrets = passwordVariables(config);
  const own = ['PULLFRONT_CONFIG', 'PULLFRONT_LISTEN', 'PULLFRONT_DATA'];
  const entries = Object.entries(process.env).filter(
    ([name]) =>
      secrets.includes(name) ||
      /^R2_/.test(name) ||
      (/^PULLFRONT_/.test(name) && !own.includes(name)),
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}
