import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from '../../functions/core/config/parse-config.ts';
import { resolveFile } from '../../functions/core/config/resolve-file.ts';
import { readResolved } from '../../functions/core/config/resolved.ts';

// What is deployed is open to everybody, who can have anything brought in that a registry has.

function deployed(platform: 'aws' | 'cloudflare'): object {
  const file = new URL(`../../infra/${platform}/pullfront.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

test.each(['aws', 'cloudflare'] as const)('%s: the store and a blob are bounded', (platform) => {
  expect(parseConfig(deployed(platform), {}, [])).toMatchObject({
    ok: { limits: { storeBytes: 500e9, maxBlobBytes: 20e9 } },
  });
});

test.each(['aws', 'cloudflare'] as const)('%s: what is deployed has the bounds', (platform) => {
  const file = resolveFile(deployed(platform), platform);
  if ('problems' in file) throw new Error('the file has mistakes');
  const { config } = readResolved(JSON.parse(JSON.stringify(file.ok)), {});
  expect(config.limits).toMatchObject({ storeBytes: 500e9, maxBlobBytes: 20e9 });
});
