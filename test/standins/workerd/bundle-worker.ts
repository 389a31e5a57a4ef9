import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entry = fileURLToPath(new URL('worker/contract-worker.ts', import.meta.url));

let bundled: Promise<string> | undefined;

/** The Worker that hosts the ports, in one script. */
export function contractWorker(): Promise<string> {
  bundled ??= build({
    entryPoints: [entry],
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2023',
    format: 'esm',
    external: ['cloudflare:*', 'node:*'],
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return bundled;
}
