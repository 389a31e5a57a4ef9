import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { root } from './modules.ts';

/** What checks a configuration: the build does it, so that what is deployed need not. */
const checker = ['zod', 'jsonc-parser', 'fastest-levenshtein'];

test.each([
  'functions/aws/pull-function.ts',
  'functions/aws/fill-function.ts',
  'functions/cloudflare/worker.ts',
])('the checker of the configuration is not in the bundle of %s', async (entry) => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    external: ['./configuration.js', 'cloudflare:*'],
    logLevel: 'error',
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain(entry);
  expect(inputs).toContain('functions/core/config/resolved.ts');
  expect(inputs).not.toContain('functions/core/config/definition.ts');
  const packages = inputs.flatMap((input) => /^node_modules\/([^/]+)\//.exec(input)?.[1] ?? []);
  expect(packages.filter((name) => checker.includes(name))).toEqual([]);
});
