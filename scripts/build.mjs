import { spawnSync } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages in CommonJS ask for Node's own modules by require, which a module does not have. */
const withRequire =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * A function's credentials are in its environment. The SDK's chain of other providers is 140 kB and
 * 20 ms of a new instance.
 */
const withoutProviders = { '@aws-sdk/credential-provider-node': './scripts/no-providers.mjs' };

/** Compiled when they are first used, but in the same file: they share the SDK's core with the rest. */
const inside = ['functions/aws/sdk/secrets-client.ts', 'functions/aws/sqs/sqs-client.ts'];

/**
 * An import of node:http looks at all its exports, and since Node 22 some of them load fetch and the
 * Web streams: 20 ms of a new instance.
 * @type {import('esbuild').Plugin}
 */
const httpAsItIs = {
  name: 'http as it is',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:https?$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }));
  },
};

/**
 * The bundles: what each may be made of, how big it may get (in bytes), and what is not in it.
 * @type {{
 *   entry: string, outfile: string, inputs: RegExp, budget: number,
 *   external: string[], minify: boolean, banner: string, later?: string[], target?: string,
 *   alias?: Record<string, string>, laterBudget?: number,
 * }[]}
 */
const bundles = [
  {
    // A Node that is too old has to parse it.
    entry: 'functions/cli/pullfront.ts',
    outfile: 'dist/pullfront.js',
    inputs: /^functions\/cli\//,
    budget: 2_000,
    external: ['./cli.js'],
    minify: false,
    banner: '#!/usr/bin/env node',
    target: 'es2015',
  },
  {
    entry: 'functions/cli/cli.ts',
    outfile: 'dist/cli.js',
    inputs:
      /^(functions\/(core|memory|node|local|aws|cli)\/|node_modules\/(zod|jsonc-parser|fastest-levenshtein)\/)/,
    budget: 750_000,
    external: [
      '@aws-sdk/*',
      '@hono/node-server',
      '@smithy/*',
      'commander',
      'hono',
      'lmdb',
      'p-limit',
      'prom-client',
      'undici',
    ],
    minify: false,
    banner: '',
  },
  {
    entry: 'functions/aws/pull-function.ts',
    outfile: 'dist/aws/pull/index.mjs',
    inputs:
      /^(functions\/(core|aws|node\/(password|runtime))|scripts\/no-providers\.mjs$|node_modules\/(hono|@aws-sdk|@aws-crypto|@smithy|@aws|tslib|bowser|mnemonist|obliterator|fast-xml-parser|strnum)\/)/,
    budget: 500_000,
    laterBudget: 700_000,
    external: [],
    minify: true,
    banner: '',
    alias: withoutProviders,
    // What the first answer does not need is not compiled for it. Each is whole by itself: esbuild
    // would put what it shares with the rest into files of their own, and to find and read one takes
    // a new instance up to 2 ms. So a class of the one is not the same class in the other.
    later: [
      'functions/aws/dynamodb/list-codec.ts',
      'functions/aws/s3/blob-put.ts',
      'functions/aws/s3/sdk.ts',
    ],
  },
  {
    entry: 'functions/aws/fill-function.ts',
    outfile: 'dist/aws/fill/index.mjs',
    inputs:
      /^(functions\/(core|aws|node\/(password|runtime|http-client|server-platform))|node_modules\/(hono|undici|@aws-sdk|@aws-crypto|@smithy|@aws|tslib|mnemonist|obliterator|fast-xml-parser|strnum|bowser)\/|scripts\/no-providers\.mjs$)/,
    budget: 1_600_000,
    external: [],
    minify: true,
    banner: withRequire,
    alias: withoutProviders,
  },
];

/** @type {{version: string, engines: {node: string}}} */
const { version, engines } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
const wanted = process.argv.slice(2);
for (const bundle of bundles) {
  if (wanted.length === 0 || wanted.includes(bundle.outfile)) await buildOne(bundle);
}
if (wanted.length === 0) await configureFunctions('infra/aws/pullfront.json');

/**
 * Lets the program that was just built check a configuration file, and writes what the functions read
 * of it beside their bundles.
 * @param {string} file
 */
async function configureFunctions(file) {
  const args = ['dist/pullfront.js', 'config', 'resolve', '--store', 'aws', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(status ?? 1);
  }
  for (const which of ['pull', 'fill']) {
    await writeFile(`${root}dist/aws/${which}/configuration.json`, stdout);
  }
}

/** @param {typeof bundles[number]} bundle */
async function buildOne(bundle) {
  const { entry, outfile, inputs, budget, external, minify, banner } = bundle;
  const { later = [], laterBudget = 0, target = 'node20', alias = {} } = bundle;
  const started = performance.now();
  const { dir, name, ext } = parse(outfile);
  if (later.length > 0) await rm(`${root}${dir}`, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: entry, out: name },
      ...later.map((file) => ({ in: file, out: parse(file).name })),
    ],
    outdir: dir,
    outExtension: { '.js': ext },
    bundle: true,
    plugins: later.length > 0 ? [loadedLater(later, ext), httpAsItIs] : [],
    platform: 'node',
    target,
    supported: { 'dynamic-import': true },
    format: 'esm',
    minify,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    define: {
      pullfrontVersion: JSON.stringify(version),
      leastNode: JSON.stringify(engines.node.replace('>=', '')),
    },
    external,
    alias,
    // The SDK's modules, of which only what is used is taken, and not its CommonJS.
    mainFields: ['module', 'main'],
    metafile: true,
    logLevel: 'warning',
  });
  const strangers = Object.keys(metafile.inputs).filter(
    (input) => !inputs.test(input) && !input.startsWith('builtin:'),
  );
  const bytesOf = (/** @type {(file: string) => boolean} */ counts) =>
    Object.entries(metafile.outputs)
      .filter(([file]) => !file.endsWith('.map') && counts(file))
      .reduce((sum, [, output]) => sum + output.bytes, 0);
  const bytes = bytesOf((file) => file === outfile);
  const laterBytes = bytesOf((file) => file !== outfile);
  if (strangers.length > 0) fail(`${outfile} has strange inputs: ${strangers.join(', ')}`);
  if (bytes > budget) fail(`${outfile} has ${bytes} bytes, more than ${budget}`);
  if (laterBytes > laterBudget) {
    fail(`${dir} loads ${laterBytes} bytes later, more than ${laterBudget}`);
  }
  if (banner.startsWith('#!')) await chmod(`${root}${outfile}`, 0o755);
  const milliseconds = Math.round(performance.now() - started);
  const andLater = laterBytes > 0 ? ` and ${Math.round(laterBytes / 1000)} kB later` : '';
  console.log(`${outfile}: ${Math.round(bytes / 1000)} kB${andLater} in ${milliseconds} ms`);
}

/**
 * Leaves what is imported by import() to the bundles of those files.
 * @param {string[]} files
 * @param {string} ext
 * @returns {import('esbuild').Plugin}
 */
function loadedLater(files, ext) {
  return {
    name: 'loaded later',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const file = relative(root, join(resolveDir, path));
        if (inside.includes(file) || !file.startsWith('functions/')) return undefined;
        if (!files.includes(file)) fail(`${file} is loaded later and has no bundle`);
        return { path: `./${parse(file).name}${ext}`, external: true };
      });
    },
  };
}

/**
 * @param {string} reason
 * @returns {never}
 */
function fail(reason) {
  console.error(`build: ${reason}`);
  process.exit(1);
}
