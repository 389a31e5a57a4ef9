import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Writes infra/pullfront.schema.json, the JSON Schema of the configuration file, from its definition.

const root = fileURLToPath(new URL('..', import.meta.url));
const file = fileURLToPath(new URL('../infra/pullfront.schema.json', import.meta.url));

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['functions/core/config/parse-config.ts'],
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(outputFiles[0]?.contents ?? '').toString('base64');
const { configJsonSchema } = await import(`data:text/javascript;base64,${code}`);
await writeFile(file, JSON.stringify(configJsonSchema(), null, 2));
const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));
execFileSync(process.execPath, [biome, 'format', '--write', file], { cwd: root });
