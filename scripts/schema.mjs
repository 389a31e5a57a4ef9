import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Writes what is made of the definition of the configuration: infra/pullfront.schema.json, the JSON
// Schema of the file, and infra/docs/configuration.md, the reference of its keys.

const root = fileURLToPath(new URL('..', import.meta.url));
const schema = `${root}infra/pullfront.schema.json`;

const { outputFiles } = await build({
  stdin: {
    resolveDir: `${root}functions/core/config`,
    contents: `
      export { configJsonSchema } from './parse-config.ts';
      export { configReference } from './key-reference.ts';`,
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(outputFiles[0]?.contents ?? '').toString('base64');
const { configJsonSchema, configReference } = await import(`data:text/javascript;base64,${code}`);
await writeFile(schema, JSON.stringify(configJsonSchema(), null, 2));
await writeFile(`${root}infra/docs/configuration.md`, configReference());
const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));
execFileSync(process.execPath, [biome, 'format', '--write', schema], { cwd: root });
