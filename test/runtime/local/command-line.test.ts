import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readResolved } from '../../../functions/core/config/resolved.ts';
import { Program, run } from '../../forms/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-cli-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, 'pullfront.json');
  await writeFile(path, text);
  return path;
}

test('--version and --help', async () => {
  const version = await run(['--version']);
  expect(version).toMatchObject({ code: 0, err: '' });
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await run(['serve', '--help']);
  expect(help).toMatchObject({ code: 0, err: '' });
  const parts = ['--config', '--listen', '--data', '--upstream', 'PULLFRONT_LISTEN', 'HTTPS_PROXY'];
  const sections = ['Examples:', 'Environment:', 'Exit codes:'];
  for (const part of [...parts, ...sections, 'Signals:']) expect(help.out).toContain(part);
  const top = await run(['--help']);
  for (const part of [...sections, '\n  2  ']) expect(top.out).toContain(part);
});

test.each([[['bogus']], [['serve', '--bogus']], [['serve', 'x']], [['config', 'check']], [[]]])(
  'misuse %j ends with 2',
  async (args) => {
    const { code, out, err } = await run(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toMatch(/\n\s+at /);
  },
);

test('config check of a good file', async () => {
  const path = await file('\uFEFF{"upstreams": {"ghcr.io": {}}}');
  expect(await run(['config', 'check', path])).toEqual({
    code: 0,
    out: `${path}: no mistakes\nNote: docker.io is mirrored too, as the default upstream; "defaultUpstream": "ghcr.io" replaces it\n`,
    err: '',
  });
});

test('config check lists all mistakes', async () => {
  const path = await file(
    '{"listen": "x", "upstreams": {"docker.io": {"tagTtl": "5 min"}}, "x": 1}',
  );
  const { code, out, err } = await run(['config', 'check', path]);
  expect([code, out]).toEqual([2, '']);
  expect(err.split('\n')).toEqual([
    `pullfront: ${path} has 3 mistakes:`,
    expect.stringMatching(/^ {2}listen: expected .*, got "x"$/),
    expect.stringMatching(/^ {2}upstreams\.docker\.io\.tagTtl: expected .*, got "5 min"$/),
    expect.stringMatching(/^ {2}unknown key "x"; /),
    '',
  ]);
});

test.each([
  ['{\n  "listen": "a:1"\n  "data": 1\n}', ':3:3: invalid JSON at "\\"data\\": 1"'],
  ['', ': the file is empty'],
  ['upstreams:\n  ghcr.io: {}\n', ': this is YAML'],
  ["{'listen': ':5000'}", ":1:2: invalid JSON at \"'listen': ':5000'}\"; use double quotes"],
])('a file that is no JSON: %j', async (text, expected) => {
  const path = await file(text);
  const { code, err } = await run(['config', 'check', path]);
  expect(code).toBe(2);
  expect(err).toContain(path + expected);
});

test('a file that cannot be read', async () => {
  const { code, err } = await run(['serve', '--config', join(folder, 'none.json')]);
  expect(code).toBe(2);
  expect(err).toContain('none.json: cannot read the file: no such file');
});

test('files that the configuration names must be there', async () => {
  const credentials = { username: 'me', password: { file: join(folder, 'none') } };
  const tls = { cert: folder, key: join(folder, 'none') };
  const path = await file(JSON.stringify({ tls, upstreams: { 'docker.io': { credentials } } }));
  const { code, err } = await run(['config', 'check', path]);
  expect(code).toBe(2);
  expect(err).toContain(`tls.cert: cannot read the file ${folder}: a directory`);
  expect(err).toContain(`tls.key: cannot read the file ${folder}/none: no such file`);
  expect(err).toContain(`credentials.password.file: cannot read the file ${folder}/none: no such`);
});

test('duplicate keys, wrong values, missing files and variables come in one run', async () => {
  const path = await file(
    '{"log": {},\n"log": {"level": "x"}, "tls": {"cert": "a/b", "key": "a/c"}}',
  );
  const { code, err } = await run(['config', 'check', path], { PULLFRONT_TAG_TTL: '1m' });
  expect(code).toBe(2);
  expect(err.split('\n')).toEqual([
    `pullfront: ${path} has 5 mistakes:`,
    `  ${path}:2:1: duplicate key log; it is in line 1 too`,
    expect.stringMatching(/^ {2}log\.level: expected one of /),
    expect.stringMatching(/^ {2}PULLFRONT_TAG_TTL: unknown variable; /),
    `  tls.cert: cannot read the file ${folder}/a/b: no such file`,
    `  tls.key: cannot read the file ${folder}/a/c: no such file`,
    '',
  ]);
});

test('a mistake in a variable is not said to be in the file', async () => {
  const path = await file('{}');
  const { err } = await run(['config', 'check', path], { PULLFRONT_LISTEN: 'x' });
  expect(err).toMatch(/^pullfront: PULLFRONT_LISTEN: expected /);
});

test('the store of a Worker is a mistake for a server', async () => {
  const path = await file('{"store": "cloudflare"}');
  expect((await run(['config', 'check', path])).code).toBe(0);
  const { code, err } = await run(['serve', '--config', path]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^pullfront: .*pullfront\.json: store: "cloudflare" works only in a Worker: .*\n$/,
  );
});

test.runIf(process.platform === 'linux')('a data folder that cannot be made', async () => {
  const { code, err } = await run(['serve', '--listen', '127.0.0.1:0', '--data', '/proc/x/y']);
  expect(code).toBe(2);
  expect(err).toMatch(/^pullfront: cannot use the data folder \/proc\/x\/y: .*\n$/);
});

test('mistakes in options and variables', async () => {
  const environment = { PULLFRONT_LOG_LEVEL: 'loud', PULLFRONT_CONFIG: '' };
  const { code, err } = await run(['serve', '--listen', 'x', '--upstream', 'A=b'], environment);
  expect(code).toBe(2);
  expect(err).toMatch(/^pullfront: the configuration has \d mistakes:$/m);
  expect(err).toMatch(/^ {2}--listen: expected .*, got "x"/m);
  expect(err).toMatch(/^ {2}--upstream: expected .*, got "A"/m);
  expect(err).toMatch(/^ {2}PULLFRONT_LOG_LEVEL: expected .*, got "loud"/m);
});

test('config resolve prints what a function reads, whatever the variables here', async () => {
  const path = await file('{"upstreams": {"ghcr.io": {"tagTtl": "1h",},},} // both are mirrored');
  const { code, out, err } = await run(['config', 'resolve', '--store', 'aws', path], {
    PULLFRONT_UPSTREAMS_GHCR_IO_TAG_TTL: '2h',
  });
  expect([code, err]).toEqual([
    0,
    'Note: docker.io is mirrored too, as the default upstream; "defaultUpstream": "ghcr.io" replaces it\n',
  ]);
  const { config, problems } = readResolved(JSON.parse(out), {
    PULLFRONT_AWS_TABLE: 't',
    PULLFRONT_AWS_BUCKET: 'a-bucket',
    PULLFRONT_AWS_QUEUE: 'https://sqs.example/q',
  });
  expect(problems).toEqual([]);
  expect(config.upstreams.get('ghcr.io')).toMatchObject({ tagTtl: 3_600_000 });
});

test.each([
  ['{"listen": "y", "x": 1}', 'aws', 'has 2 mistakes'],
  ['{"limits": {"storeBytes": "x"}}', 'cloudflare', 'limits.storeBytes: expected a size'],
  ['{}', 'embedded', "argument 'embedded' is invalid"],
])('config resolve of %s for %s ends with 2', async (text, store, expected) => {
  const path = await file(text);
  const { code, out, err } = await run(['config', 'resolve', '--store', store, path]);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(expected);
});

test('PULLFRONT_CONFIG names the file', async () => {
  const path = await file('{"x": 1}');
  const { code, err } = await run(['serve'], { PULLFRONT_CONFIG: path });
  expect([code, err.includes(`${path}: unknown key "x"`)]).toEqual([2, true]);
});

test('a password written into the file is not printed', async () => {
  const wrong = { username: 'me', password: 'hunter2' };
  const path = await file(JSON.stringify({ upstreams: { 'docker.io': { credentials: wrong } } }));
  const { code, out, err } = await run(['config', 'check', path]);
  expect(code).toBe(2);
  expect(out + err).not.toContain('hunter2');
  const broken = await file('{"password": hunter2}');
  expect((await run(['config', 'check', broken])).err).not.toContain('hunter2');
});

const accessTo = (readers: object) =>
  JSON.stringify({
    listen: '127.0.0.1:0',
    store: 'memory',
    upstreams: {
      'docker.io': {
        credentials: { username: 'me', password: { env: 'HUB_TOKEN' }, for: 'access', ...readers },
      },
    },
  });
const withToken = { HUB_TOKEN: 'token' };

test('an account that opens private repositories names who may read them', async () => {
  const path = await file(accessTo({}));
  for (const args of [
    ['config', 'check', path],
    ['config', 'resolve', '--store', 'aws', path],
    ['config', 'resolve', '--store', 'cloudflare', path],
    ['serve', '--config', path],
  ]) {
    const { code, err } = await run(args, withToken);
    expect([args[1], code]).toEqual([args[1], 2]);
    expect(err).toContain(
      'upstreams.docker.io.credentials.readers: missing; "for": "access" opens',
    );
    expect(err).toContain('"readers": ["office"]');
  }
});

test('opening them to anyone is worth one warning', async () => {
  const path = await file(accessTo({ readers: ['anyone'] }));
  const note = 'Note: upstreams.docker.io.credentials.readers: anyone who can reach the mirror';
  const check = await run(['config', 'check', path], withToken);
  const deployed = await run(['config', 'resolve', '--store', 'cloudflare', path]);
  const server = new Program(['serve', '--config', path], withToken);
  await server.url();
  server.child.kill('SIGTERM');
  await server.end();
  for (const text of [check.out, deployed.err, server.err + server.out]) {
    expect(text.split(note)).toHaveLength(2);
  }
});
