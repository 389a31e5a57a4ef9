// Writes what is made of the definition of the configuration: infra/pullfront.schema.json, the JSON
// Schema of the file, and infra/docs/configuration.md, the reference of its keys.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { configReference } from '../functions/core/config/key-reference.ts';
import { configJsonSchema } from '../functions/core/config/parse-config.ts';
import { root } from './project.ts';

const schema = `${root}infra/pullfront.schema.json`;

await writeFile(schema, JSON.stringify(configJsonSchema(), null, 2));
await writeFile(`${root}infra/docs/configuration.md`, configReference());
const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));
execFileSync(process.execPath, [biome, 'format', '--write', schema], { cwd: root });
