import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../../functions/aws/configuration.ts';
import { resolveFile } from '../../../functions/core/config/resolve-file.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-config-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the stack gives to a function. */
const deployed = {
  PATH: '/bin',
  PULLFRONT_STORE: 'aws',
  PULLFRONT_AWS_TABLE: 't',
  PULLFRONT_AWS_BUCKET: 'pullfront-blobs',
  PULLFRONT_AWS_QUEUE: 'https://sqs.example/1/fills',
  PULLFRONT_AWS_DEAD_LETTER_QUEUE: '',
  PULLFRONT_AWS_DUAL_STACK: 'true',
};

function read(json: unknown, environment: Readonly<Record<string, string>>) {
  const file = resolveFile(json, 'aws');
  if ('problems' in file) throw new Error(JSON.stringify(file.problems));
  return readText(JSON.stringify(file.ok), environment);
}

function readText(text: string, environment: Readonly<Record<string, string>>) {
  writeFileSync(join(folder, 'configuration.json'), text);
  return readConfiguration(environment, pathToFileURL(join(folder, 'index.mjs')).href);
}

test('the file beside the bundle is read, with the variables of the stack over it', () => {
  const config = read({ upstreams: { 'ghcr.io': {} } }, deployed);
  expect([...config.upstreams.keys()]).toEqual(['docker.io', 'ghcr.io']);
  expect(config.aws).toMatchObject({ table: 't', dualStack: true });
  expect(config.aws.queue.href).toBe('https://sqs.example/1/fills');
});

test('PULLFRONT_CONFIG names another file', () => {
  const other = { ...deployed, PULLFRONT_CONFIG: './none.json' };
  expect(() => read({}, other)).toThrow(/none\.json/);
});

test('an account of variables alone', () => {
  const config = read(
    {},
    {
      ...deployed,
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: 'me',
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: 'hub',
    },
  );
  const password = { secret: 'hub' };
  const credentials = { username: 'me', password, for: 'quota', readers: [] };
  expect(config.upstreams.get('docker.io')?.credentials).toEqual(credentials);
});

test('all mistakes are reported', () => {
  const wrong = { PULLFRONT_LOG_LEVEL: 'loud', PULLFRONT_LIMITS_STORE_BYTES: '0' };
  expect(() => read({}, { ...deployed, ...wrong })).toThrow(
    /PULLFRONT_LOG_LEVEL: .*, got "loud"\n.*PULLFRONT_LIMITS_STORE_BYTES: expected a size.*, got "0"/,
  );
});

test('without a table there is no mirror', () => {
  expect(() => read({}, { ...deployed, PULLFRONT_AWS_TABLE: '' })).toThrow(
    'PULLFRONT_AWS_TABLE: missing; expected the name of a DynamoDB table',
  );
});

test('a password in a variable must be set', () => {
  const credentials = { username: 'me', password: { env: 'HUB_TOKEN' } };
  const json = { upstreams: { 'docker.io': { credentials } } };
  expect(() => read(json, deployed)).toThrow('environment variable HUB_TOKEN is not set');
  expect(read(json, { ...deployed, HUB_TOKEN: 'x' }).aws.table).toBe('t');
});

test('a file as people write it is refused with the way to resolve it', () => {
  expect(() => readText('{"upstreams": {}}', deployed)).toThrow('pullfront config resolve');
});
