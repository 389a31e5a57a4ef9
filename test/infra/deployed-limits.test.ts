import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plainConfig } from '../../functions/aws/config/plain-config.ts';
import { parseConfig } from '../../functions/core/config/parse-config.ts';

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

test('the functions read the bounds without the checker', () => {
  const environment = {
    PULLFRONT_AWS_TABLE: 'pullfront',
    PULLFRONT_AWS_BUCKET: 'pullfront',
    PULLFRONT_AWS_QUEUE: 'https://sqs.us-east-1.amazonaws.com/1/pullfront',
  };
  const limits = { storeBytes: 500e9, maxBlobBytes: 20e9 };
  expect(plainConfig(deployed('aws'), environment)).toMatchObject({ limits });
});
