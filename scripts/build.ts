// npm run build [server] [functions] [worker]: builds these, by default all of them.
import { buildBundle } from './build/bundle.ts';
import { functionBundles, serverBundles } from './build/bundles.ts';
import { ConfigurationMistakes, configureFunctions } from './build/configuration.ts';
import { buildWorker } from './build/worker.ts';
import { messageOf } from './project.ts';

const targets = {
  server: () => Promise.all(serverBundles.map(buildBundle)),
  functions: async () => {
    for (const bundle of functionBundles) await buildBundle(bundle);
    await configureFunctions('infra/aws/pullfront.json');
  },
  worker: buildWorker,
};

const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(targets, name));
if (unknown !== undefined) {
  console.error(`build: unknown target "${unknown}"; expected ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}
try {
  for (const [name, build] of Object.entries(targets)) {
    if (names.length === 0 || names.includes(name)) await build();
  }
} catch (error) {
  console.error(`build: ${messageOf(error)}`);
  process.exit(error instanceof ConfigurationMistakes ? 2 : 1);
}
