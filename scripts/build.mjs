import { chmod } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a bundle may be made of, and how big it may get, in bytes. */
const bundle = {
  entry: 'functions/cli/cli.ts',
  outfile: 'dist/pullfront.js',
  inputs: /^(functions\/(core|node|local|cli)\/|node_modules\/zod\/)/,
  budget: 400_000,
};

const started = performance.now();
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [bundle.entry],
  outfile: bundle.outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  sourcesContent: false,
  banner: { js: '#!/usr/bin/env node' },
  external: ['commander', 'lmdb', 'pino', 'prom-client', 'undici'],
  metafile: true,
  logLevel: 'warning',
});

const strangers = Object.keys(metafile.inputs).filter((input) => !bundle.inputs.test(input));
const { bytes } = metafile.outputs[bundle.outfile] ?? { bytes: Number.POSITIVE_INFINITY };
if (strangers.length > 0) fail(`${bundle.outfile} has strange inputs: ${strangers.join(', ')}`);
if (bytes > bundle.budget) fail(`${bundle.outfile} has ${bytes} bytes, more than ${bundle.budget}`);
await chmod(new URL(`../${bundle.outfile}`, import.meta.url), 0o755);
const milliseconds = Math.round(performance.now() - started);
console.log(`${bundle.outfile}: ${Math.round(bytes / 1000)} kB in ${milliseconds} ms`);

/** @param {string} reason */
function fail(reason) {
  console.error(`build: ${reason}`);
  process.exit(1);
}
