import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../../functions/core/config/parse-config.ts';
import { signInProblems } from '../../../../functions/node/sign-in/sign-in-problems.ts';
import { signInReader } from '../../../../functions/node/sign-in/sign-in-reader.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-helper-'));
  const programs: Readonly<Record<string, string>> = {
    good: 'read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"of $server\\"}"',
    token: 'echo \'{"Username":"<token>","Secret":"a-refresh-token"}\'',
    none: 'echo "credentials not found in native keychain"; exit 1',
    failing: 'echo "hunter2 is wrong"; echo hunter2 >&2; exit 3',
    garbage: 'echo "hunter2 not JSON"',
    empty: 'echo \'{"Username":"","Secret":"hunter2"}\'',
    endless: 'yes hunter2',
    deaf: 'exec 0<&-; echo \'{"Username":"me","Secret":"it"}\'',
    hanging: 'sleep 60',
  };
  for (const [name, script] of Object.entries(programs)) {
    const file = join(folder, `docker-credential-${name}`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = () => ({ PATH: `${folder}:${process.env.PATH}` });
const ask = (name: string, registry = 'ghcr.io') =>
  signInReader(environment(), undefined)(registry, { kind: 'helper', name });

test('a helper is asked for the registry as Docker calls it', async () => {
  expect(await ask('good')).toEqual({ username: 'get', password: 'of ghcr.io' });
  expect(await ask('good', 'docker.io')).toMatchObject({
    password: 'of https://index.docker.io/v1/',
  });
  expect(await ask('deaf')).toEqual({ username: 'me', password: 'it' });
});

test.each([
  ['absent', 'docker-credential-absent is not on the PATH'],
  ['none', 'docker-credential-none has no such account'],
  ['failing', 'docker-credential-failing failed with exit code 3'],
  ['garbage', 'docker-credential-garbage did not print {"Username": …, "Secret": …}'],
  ['empty', 'docker-credential-empty did not print {"Username": …, "Secret": …}'],
  ['endless', 'docker-credential-endless printed more than 65536 bytes'],
  ['token', expect.stringMatching(/has an identity token for ghcr\.io, .*not supported/)],
])('a helper that is %s is an error without a secret', async (name, message) => {
  const error = await ask(name).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message });
  expect(JSON.stringify([error, String(error)])).not.toMatch(/hunter2|a-refresh-token/);
});

test('a helper that hangs is stopped after 10 s', { timeout: 15_000 }, async () => {
  const began = Date.now();
  await expect(ask('hanging')).rejects.toThrow(
    'docker-credential-hanging did not answer within 10 s',
  );
  expect(Date.now() - began).toBeLessThan(13_000);
});

const basic = (text: string) => Buffer.from(text).toString('base64');

test.each<[string, object, string, object]>([
  [
    'a password',
    { auths: { 'ghcr.io': { auth: basic('me:pass:word') } } },
    'ghcr.io',
    { username: 'me', password: 'pass:word' },
  ],
  [
    "Docker Hub's old name",
    { auths: { 'https://index.docker.io/v1/': { auth: basic('me:pass') } } },
    'docker.io',
    { username: 'me', password: 'pass' },
  ],
  [
    'a server with a path',
    { auths: { 'https://ghcr.io/v1/': { username: 'me', password: 'pass' } } },
    'ghcr.io',
    { username: 'me', password: 'pass' },
  ],
  [
    'the helper of a registry before all others',
    { credHelpers: { 'ghcr.io': 'good' }, credsStore: 'failing' },
    'ghcr.io',
    { username: 'get', password: 'of ghcr.io' },
  ],
  ['the helper of all', { credsStore: 'good' }, 'quay.io', { password: 'of quay.io' }],
])('config.json with %s', async (_, config, registry, found) => {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const read = signInReader(environment(), undefined);
  expect(await read(registry, { kind: 'docker-config', file })).toMatchObject(found);
});

test.each<[string, string, string | RegExp]>([
  ['no JSON', 'hunter2', /config\.json is not a JSON object$/],
  ['no account', '{"auths":{"quay.io":{"auth":"x"}}}', /has no account for ghcr\.io$/],
  ['an empty account', '{"auths":{"ghcr.io":{}}}', /ghcr\.io has no user name and password$/],
  [
    'an account without a colon',
    `{"auths":{"ghcr.io":{"auth":"${basic('hunter2')}"}}}`,
    /ghcr\.io has no user name and password$/,
  ],
  [
    'an identity token',
    `{"auths":{"ghcr.io":{"identitytoken":"hunter2"}}}`,
    /identity token for ghcr\.io, .*not supported/,
  ],
  ['a helper with a path', '{"credsStore":"../../bin/sh"}', /has no valid name$/],
])('config.json with %s is an error without a secret', async (_, text, message) => {
  const file = join(folder, 'config.json');
  writeFileSync(file, text);
  const read = signInReader(environment(), undefined);
  const error = await read('ghcr.io', { kind: 'docker-config', file }).catch((one: Error) => one);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
  expect(String(error)).not.toContain('hunter2');
});

test('missing helpers and accounts are found without running a helper', async () => {
  const file = join(folder, 'config.json');
  writeFileSync(file, '{"auths":{}}');
  const { signIns } = parseConfig(
    {
      upstreams: {
        'docker.io': { credentials: { helper: 'failing' } },
        'ghcr.io': { accounts: [{ helper: 'hanging' }, { helper: 'absent' }] },
        'quay.io': { credentials: { dockerConfig: file } },
      },
    },
    {},
  );
  expect(await signInProblems(signIns, environment())).toEqual([
    {
      path: 'upstreams.ghcr.io.accounts[1].helper',
      message:
        'the program docker-credential-absent is not on the PATH; install it, or name another helper, such as "pass"',
    },
    {
      path: 'upstreams.quay.io.credentials.dockerConfig',
      message: `${file} has no account for quay.io`,
    },
  ]);
});

test("another URL gets its own host's credentials, never those of the registry it has the name of", async () => {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ auths: { 'ghcr.io': { auth: basic('me:pass') } } }));
  const upstream = { url: 'https://nexus.example', credentials: { dockerConfig: file } };
  const { signIns } = parseConfig({ upstreams: { 'ghcr.io': upstream } }, {});
  expect(await signInProblems(signIns, environment())).toMatchObject([
    { message: `${file} has no account for nexus.example` },
  ]);
});
