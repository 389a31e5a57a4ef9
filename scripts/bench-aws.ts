import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './project.ts';

interface Bench {
  main(args: readonly string[], root: string): Promise<number>;
}

// The bench starts programs that lie beside its own code, and finds the bundles from there: so it is
// bundled into a folder as deep below the project's as its sources are.
const folder = `${root}dist/bench/aws/`;
process.once('exit', () => rmSync(`${root}dist/bench`, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

mkdirSync(folder, { recursive: true });
const programs = [
  'forms/aws/bootstrap.mjs',
  'runtime/aws/cold-child.mjs',
  'bench/aws/bare-relay.mjs',
];
for (const program of programs) cpSync(`${root}test/${program}`, folder + basename(program));
await build({
  absWorkingDir: root,
  entryPoints: ['test/bench/aws/aws-bench.ts'],
  outfile: `${folder}aws-bench.mjs`,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'error',
});
const { main }: Bench = await import(pathToFileURL(`${folder}aws-bench.mjs`).href);
process.exitCode = await main(process.argv.slice(2), root);
