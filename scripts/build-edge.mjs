import { readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const folder = 'dist/edge';

/**
 * What the Worker's bundle may be made of, and how many bytes it may have. Cloudflare takes 3 MB
 * after gzip; the budget notices a package that comes in by mistake.
 */
const bundle = {
  entry: 'functions/cloudflare/worker.ts',
  outfile: `${folder}/worker.js`,
  inputs: /^functions\/(core|cloudflare)\/|^node_modules\/hono\//,
  budget: 400_000,
};

/** The configuration that `npm run build` puts beside the bundle. */
const configurationFile = 'infra/cloudflare/pullfront.json';

/** Builds the Worker and its configuration. Throws an Error that says what is wrong. */
export async function buildEdge() {
  const started = performance.now();
  await rm(`${root}${folder}`, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [bundle.entry],
    outfile: bundle.outfile,
    bundle: true,
    minify: true,
    platform: 'neutral',
    target: 'es2023',
    format: 'esm',
    external: ['./configuration.js', 'cloudflare:*', 'node:*'],
    define: { pullfrontVersion: JSON.stringify(await packageVersion()) },
    metafile: true,
    logLevel: 'warning',
  });
  const strangers = Object.keys(metafile.inputs).filter((input) => !bundle.inputs.test(input));
  if (strangers.length > 0) {
    throw new Error(`${bundle.outfile} has strange inputs: ${strangers.join(', ')}`);
  }
  const { text } = await edgeConfiguration(configurationFile);
  await writeFile(`${root}${folder}/configuration.js`, text);
  const bytes = metafile.outputs[bundle.outfile]?.bytes ?? Number.POSITIVE_INFINITY;
  if (bytes > bundle.budget) {
    throw new Error(`${bundle.outfile} has ${bytes} bytes, more than ${bundle.budget}`);
  }
  const milliseconds = Math.round(performance.now() - started);
  const configured = (text.length / 1000).toFixed(1);
  console.log(
    `${bundle.outfile}: ${(bytes / 1000).toFixed(1)} kB, its configuration ${configured} kB, in ${milliseconds} ms`,
  );
}

/** @returns {Promise<string>} */
async function packageVersion() {
  return JSON.parse(await readFile(`${root}package.json`, 'utf8')).version;
}

/** Mistakes in a configuration file, each on a line of the message. */
export class ConfigurationMistakes extends Error {}

/**
 * Checks a configuration file and writes it as the module that the Worker imports. Throws
 * ConfigurationMistakes, or the error of the file.
 * @param {string} file
 */
export async function edgeConfiguration(file) {
  const { resolveFile, problemText, readConfigText, clientLines } = await tools();
  const read = readConfigText(file, await readFile(resolve(root, file), 'utf8'));
  const written = 'problems' in read ? read : resolveFile(read.ok, 'cloudflare');
  if ('problems' in written) {
    const count =
      written.problems.length === 1 ? 'a mistake' : `${written.problems.length} mistakes`;
    const lines = written.problems.map((/** @type {object} */ one) => `\n  ${problemText(one)}`);
    throw new ConfigurationMistakes(`${file} has ${count}:${lines.join('')}`);
  }
  const text = `export const configuration = ${JSON.stringify(written.ok)};\n`;
  return { text, config: written.config, version: await packageVersion(), clientLines };
}

/** @type {Promise<any> | undefined} */
let bundledTools;

/** Parts of the program that scripts need: they are TypeScript, so each process bundles them once. */
function tools() {
  bundledTools ??= bundleTools();
  return bundledTools;
}

async function bundleTools() {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: `${root}functions`,
      contents: `
        export { resolveFile } from './core/config/resolve-file.ts';
        export { problemText } from './core/config/problems.ts';
        export { readConfigText } from './core/config/config-text.ts';
        export { clientLines } from './cli/client-lines.ts';`,
    },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? '').toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildEdge();
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error instanceof ConfigurationMistakes ? 2 : 1);
  }
}
