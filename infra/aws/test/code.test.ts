import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assembleFunction, assembleWebFunction, type Bundle } from '../stack/code.ts';
import { checkMirrorConfig } from '../stack/mirror-config.ts';
import { synthesised } from './synthesised.ts';

// Needs dist/aws: npm run build. Nothing is sent: the events need neither table nor queue.

const config = fileURLToPath(new URL('../pullfront.json', import.meta.url));

/** What CloudFormation would put in the place of references. */
const made: Readonly<Record<string, string>> = {
  PULLFRONT_AWS_TABLE: 'pullfront-Table',
  PULLFRONT_AWS_BUCKET: 'pullfront-bucket-1a2b3c',
  PULLFRONT_AWS_QUEUE: 'https://sqs.eu-central-1.amazonaws.com/123456789012/Fills',
  PULLFRONT_AWS_DEAD_LETTER_QUEUE: 'https://sqs.eu-central-1.amazonaws.com/123456789012/Dead',
};

/** Runs a bundle once, in a process of its own with the environment that the stack gives it. */
function invoked(bundle: Bundle, memory: number, event: object): unknown {
  const checked = checkMirrorConfig(config, undefined);
  assert.ok('resolved' in checked);
  const folder = assembleFunction(bundle, checked.resolved);
  const hub = { username: 'me', secret: 'pullfront/hub' };
  const [lambda] = Object.values(
    synthesised({ hub, secrets: [hub.secret] }).findResources('AWS::Lambda::Function', {
      Properties: { MemorySize: memory },
    }),
  );
  const environment = {
    ...lambda?.Properties.Environment.Variables,
    ...made,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  };
  const program = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(folder, 'index.mjs')))});
    const context = { getRemainingTimeInMillis: () => 1000 };
    const result = await handler(${JSON.stringify(event)}, context);
    process.stdout.write('\\n' + JSON.stringify(result), () => process.exit(0));`;
  const args = ['--input-type=module', '--eval', program];
  const out = execFileSync(process.execPath, args, { env: environment, encoding: 'utf8' });
  return JSON.parse(out.trim().split('\n').at(-1) ?? '');
}

test('what the build puts beside the bundles, for the plain template, is what the stack would', () => {
  const checked = checkMirrorConfig(config, undefined);
  assert.ok('resolved' in checked);
  for (const bundle of ['pull', 'fill']) {
    const built = new URL(`../../../dist/aws/${bundle}/configuration.json`, import.meta.url);
    assert.equal(readFileSync(built, 'utf8'), checked.resolved);
  }
});

test('the pull function starts with what the stack gives it', () => {
  const event = {
    version: '2.0',
    rawPath: '/v2/',
    rawQueryString: '',
    headers: {},
    requestContext: { http: { method: 'GET', path: '/v2/' } },
    isBase64Encoded: false,
  };
  const { statusCode } = invoked('pull', 1024, event) as { statusCode: number };
  assert.equal(statusCode, 200);
});

test('the fill function starts with what the stack gives it', () => {
  assert.deepEqual(invoked('fill', 1024, { Records: [] }), { batchItemFailures: [] });
});

test('the web function listens where Lambda wants it, without a package beside it', async () => {
  const folder = await assembleWebFunction(config);
  // An index and a queue with nothing in them.
  const empty = createServer((_, response) => response.end('{"Items":[],"Count":0}'));
  await once(empty.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(empty.address() as AddressInfo).port}`;
  const program = spawn(process.execPath, [join(folder, 'index.js')], {
    env: {
      ...made,
      PULLFRONT_STORE: 'aws',
      PULLFRONT_CONFIG: join(folder, 'pullfront.json'),
      PULLFRONT_AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_LAMBDA_HTTP_ENDPOINT: '127.0.0.1:0',
      PULLFRONT_AWS_ENDPOINTS_SQS: endpoint,
      PULLFRONT_AWS_ENDPOINTS_DYNAMODB: endpoint,
      PULLFRONT_AWS_ENDPOINTS_S3: endpoint,
    },
  });
  try {
    let said = '';
    program.stderr.setEncoding('utf8');
    let url: string | undefined;
    while (url === undefined) {
      const [chunk] = await Promise.race([once(program.stderr, 'data'), once(program, 'exit')]);
      assert.equal(typeof chunk, 'string', `it ended: ${said}`);
      said += chunk;
      url = /\bURL +(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    }
    assert.equal((await fetch(`${url}/v2/`)).status, 200);
  } finally {
    program.kill('SIGKILL');
    empty.closeAllConnections();
    empty.close();
  }
});
