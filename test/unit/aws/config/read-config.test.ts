import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../../functions/aws/config/read-config.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-config-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const aws = { table: 't', bucket: 'pullfront-blobs', queue: 'https://sqs.example/1/fills' };

function read(json: unknown, variables = {}) {
  writeFileSync(join(folder, 'pullfront.json'), `\uFEFF${JSON.stringify(json)}`);
  const bundle = pathToFileURL(join(folder, 'index.mjs')).href;
  return readConfig({ PULLFRONT_CONFIG: './pullfront.json', ...variables }, bundle);
}

test('the file beside the bundle is read', async () => {
  const config = await read({ aws, upstreams: { 'ghcr.io': {} } });
  expect([...config.upstreams.keys()]).toEqual(['docker.io', 'ghcr.io']);
  expect(config.aws.table).toBe('t');
});

test('what is unusual is read as well', async () => {
  const config = await read({ aws, listen: '[::]:5000' }, { PULLFRONT_UPSTREAMS: 'quay.io' });
  expect([...config.upstreams.keys()]).toEqual(['docker.io', 'quay.io']);
});

test('all mistakes are told', async () => {
  const reading = read({ aws, limits: { storeBytes: 'much' } }, { PULLFRONT_LOG_LEVEL: 'loud' });
  await expect(reading).rejects.toThrow(
    /limits\.storeBytes: found "much".*\n.*PULLFRONT_LOG_LEVEL/,
  );
});

test('without a table there is no mirror', async () => {
  await expect(read({})).rejects.toThrow('aws: found nothing');
});
