import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { root, version } from '../project.ts';
import { printNotes, workerConfiguration } from './configuration.ts';

const folder = 'dist/edge';

/**
 * What the Worker's bundle may be made of, and how many bytes it may have. Cloudflare takes 3 MB
 * after gzip; the budget notices a package that comes in by mistake.
 */
const bundle = {
  entry: 'functions/cloudflare/worker.ts',
  outfile: `${folder}/worker.js`,
  inputs: /^functions\/(core|cloudflare)\/|^node_modules\/(hono|ipaddr\.js)\//,
  budget: 400_000,
};

/** Builds the Worker and its configuration. Throws an Error that says what is wrong. */
export async function buildWorker(): Promise<void> {
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
    mainFields: ['module', 'main'],
    define: { pullfrontVersion: JSON.stringify(version) },
    metafile: true,
    logLevel: 'warning',
  });
  const strangers = Object.keys(metafile.inputs).filter((input) => !bundle.inputs.test(input));
  if (strangers.length > 0) {
    throw new Error(`${bundle.outfile} has strange inputs: ${strangers.join(', ')}`);
  }
  const { text, notes } = await workerConfiguration('infra/cloudflare/pullfront.json');
  printNotes(notes);
  await writeFile(`${root}${folder}/configuration.js`, text);
  const bytes = metafile.outputs[bundle.outfile]?.bytes ?? Number.POSITIVE_INFINITY;
  if (bytes > bundle.budget) {
    throw new Error(`${bundle.outfile} has ${bytes} bytes, more than ${bundle.budget}`);
  }
  const milliseconds = Math.round(performance.now() - started);
  const size = (text: { readonly length: number }) => (text.length / 1000).toFixed(1);
  console.log(
    `${bundle.outfile}: ${size({ length: bytes })} kB, its configuration ${size(text)} kB, in ${milliseconds} ms`,
  );
}
