// npm run demo: builds its programs, then tells the story. Nothing from outside is needed.
import { spawn } from 'node:child_process';
import { build } from 'esbuild';
import { buildBundle } from './build/bundle.ts';
import { serverBundles } from './build/bundles.ts';
import { root } from './project.ts';

await Promise.all(serverBundles.map(buildBundle));
await build({
  absWorkingDir: root,
  entryPoints: { standin: 'test/standins/registry/main.ts', story: 'scripts/demo/story.ts' },
  outdir: 'dist/demo',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const programs = ['dist/demo/story.js', 'dist/demo/standin.js', 'dist/pullfront.js'];
const story = spawn(process.execPath, programs, { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches the story too: it ends its servers, and this waits for it.
process.on('SIGINT', () => undefined);
// Any other signal reaches only this.
process.on('SIGTERM', () => story.kill('SIGINT'));
story.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
