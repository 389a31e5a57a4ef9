import { chmod, readFile, rm } from 'node:fs/promises';
import { parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages in CommonJS ask for Node's own modules by require, which a module does not have. */
const withRequire =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * The bundles: what each may be made of, how big it may get (in bytes), and what is not in it.
 * @type {{
 *   entry: string, outfile: string, inputs: RegExp, budget: number,
 *   external: string[], minify: boolean, banner: string, splitting?: boolean,
 * }[]}
 */
const bundles = [
  {
    entry: 'functions/cli/cli.ts',
    outfile: 'dist/pullfront.js',
    inputs: /^(functions\/(core|node|local|aws|cli)\/|node_modules\/zod\/)/,
    budget: 600_000,
    external: ['@aws-sdk/*', 'commander', 'lmdb', 'pino', 'prom-client', 'undici'],
    minify: false,
    banner: '#!/usr/bin/env node',
  },
  {
    // The SDK is asked for credentials only where the environment has none, as Lambda's always has.
    entry: 'functions/aws/pull-function.ts',
    outfile: 'dist/aws/pull/index.mjs',
    inputs: /^(functions\/(core|aws|node\/(observe\/|password|runtime))|node_modules\/zod\/)/,
    budget: 350_000,
    external: ['@aws-sdk/*'],
    minify: true,
    banner: '',
    // What the first answer does not need is not compiled for it.
    splitting: true,
  },
  {
    entry: 'functions/aws/fill-function.ts',
    outfile: 'dist/aws/fill/index.mjs',
    inputs:
      /^(functions\/(core|aws|node\/(observe\/|password|runtime|fetch))|node_modules\/(zod|undici|@aws-sdk|@aws-crypto|@smithy|@aws|tslib|fast-xml-parser|strnum|bowser)\/)/,
    budget: 1_600_000,
    external: [],
    minify: true,
    banner: withRequire,
  },
];

/** @type {{version: string}} */
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
const wanted = process.argv.slice(2);
for (const bundle of bundles) {
  if (wanted.length === 0 || wanted.includes(bundle.outfile)) await buildOne(bundle);
}

/** @param {typeof bundles[number]} bundle */
async function buildOne({ entry, outfile, inputs, budget, external, minify, banner, splitting }) {
  const started = performance.now();
  const { dir, name, ext } = parse(outfile);
  if (splitting) await rm(`${root}${dir}`, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: dir,
    entryNames: name,
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': ext },
    splitting: splitting ?? false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    define: { pullfrontVersion: JSON.stringify(version) },
    external,
    metafile: true,
    logLevel: 'warning',
  });
  const strangers = Object.keys(metafile.inputs).filter((input) => !inputs.test(input));
  const bytes = Object.entries(metafile.outputs)
    .filter(([file]) => !file.endsWith('.map'))
    .reduce((sum, [, output]) => sum + output.bytes, 0);
  if (strangers.length > 0) fail(`${outfile} has strange inputs: ${strangers.join(', ')}`);
  if (bytes > budget) fail(`${outfile} has ${bytes} bytes, more than ${budget}`);
  if (banner.startsWith('#!')) await chmod(`${root}${outfile}`, 0o755);
  const milliseconds = Math.round(performance.now() - started);
  console.log(`${outfile}: ${Math.round(bytes / 1000)} kB in ${milliseconds} ms`);
}

/**
 * @param {string} reason
 * @returns {never}
 */
function fail(reason) {
  console.error(`build: ${reason}`);
  process.exit(1);
}
