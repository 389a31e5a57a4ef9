import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './project.ts';

interface Bench {
  main(args: readonly string[], root: string): Promise<number>;
}

// The bench is TypeScript in several processes; each gets a bundle in a folder of this run.
const folder = mkdtempSync(join(tmpdir(), 'pullfront-bench-code-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

await build({
  absWorkingDir: root,
  entryPoints: {
    bench: 'test/bench/bench.ts',
    puller: 'test/bench/puller.ts',
    upstream: 'test/standins/registry/main.ts',
  },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'error',
});
const { main }: Bench = await import(pathToFileURL(join(folder, 'bench.mjs')).href);
process.exitCode = await main(process.argv.slice(2), root);
