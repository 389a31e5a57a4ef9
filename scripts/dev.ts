// npm run dev: the server in front of a stand-in registry, built and started again at every change.
// What it stores is kept in a folder, so that a restart finds it.
import { parseArgs } from 'node:util';
import { context } from 'esbuild';
import { buildBundle, optionsOf } from './build/bundle.ts';
import { serverBundles } from './build/bundles.ts';
import { DevServer } from './dev/server.ts';
import { startStandIn } from './dev/stand-in.ts';
import { messageOf } from './project.ts';

const usage = `npm run dev -- [options]

  --listen HOST:PORT   127.0.0.1:5000 by default
  --data DIR           ./pullfront-data/dev by default
  --config FILE        a configuration; its docker.io is the stand-in all the same
`;

/** The names of the stand-in's image and of its tag. */
const image = { repository: 'library/app', tag: '1' };

const options = readOptions();
// A folder of its own: npm start and tests may run what is in dist meanwhile.
const [entry, program] = serverBundles.map((bundle) => ({
  ...bundle,
  outfile: bundle.outfile.replace('dist/', 'dist/dev/'),
}));
if (entry === undefined || program === undefined) throw new Error('the server has two bundles');

/** What ends everything that was started, the last first. */
const ends: (() => Promise<void>)[] = [];
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end());

const standIn = await startStandIn(image);
ends.unshift(standIn.end);
const server = new DevServer(entry.outfile, [
  ...['--listen', options.listen, '--data', options.data],
  ...['--upstream', `docker.io=${standIn.url}`],
  ...(options.config === undefined ? [] : ['--config', options.config]),
]);
let isFirst = true;
await buildBundle(entry);
const watched = await context({
  ...optionsOf(program),
  plugins: [
    {
      name: 'restart',
      setup({ onEnd }) {
        // After an error, which esbuild prints, the server that runs stays.
        onEnd(async ({ errors }) => {
          if (errors.length > 0 || isEnding) return;
          const url = await server.restart();
          if (url === undefined || !isFirst) return;
          isFirst = false;
          printHints(new URL(url).host);
        });
      },
    },
  ],
});
ends.unshift(
  () => server.end(),
  () => watched.dispose(),
);
if (!isEnding) await watched.watch();

async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  for (const one of ends) await one();
  process.exit(0);
}

function printHints(authority: string): void {
  const { repository, tag } = image;
  const lines = [
    '',
    `Pullfront on http://${authority} in front of a stand-in for Docker Hub, data in ${options.data}`,
    '',
    `  docker pull ${authority}/${repository}:${tag}`,
    `  curl -i http://${authority}/v2/${repository}/manifests/${tag}`,
    '',
    'The stand-in can limit pulls, fail or be slow (test/standins/registry/settings.ts):',
    '',
    `  curl -d '{"pullLimit":{"limit":0,"windowSeconds":60}}' ${standIn.control}/_standin/set`,
    `  curl -X POST ${standIn.control}/_standin/reset`,
    '',
    'A change below functions/ restarts the server. Ctrl-C ends everything.',
    '',
  ];
  console.error(lines.join('\n'));
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        listen: { type: 'string', default: '127.0.0.1:5000' },
        data: { type: 'string', default: './pullfront-data/dev' },
        config: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    console.error(`dev: ${messageOf(error)}\n\n${usage}`);
    process.exit(2);
  }
}
