import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { variablesOf } from '../../../../functions/core/config/environment.ts';
import { problemText } from '../../../../functions/core/config/problems.ts';
import type { Config } from '../../../../functions/core/config/resolve.ts';
import { type ResolvedStore, resolveFile } from '../../../../functions/core/config/resolve-file.ts';
import { readResolved } from '../../../../functions/core/config/resolved.ts';
import { rulesOf } from '../../../../functions/core/tag-policy/tag-rule.ts';
import { mistakes, parsed } from './parsing.ts';

/** Starts as a function or a Worker does. */
function started(json: unknown, variables = {}, store: ResolvedStore = 'cloudflare') {
  const file = resolveFile(json, store);
  if ('problems' in file) throw new Error(file.problems.map(problemText).join('\n'));
  const { config, problems } = readResolved(JSON.parse(JSON.stringify(file.ok)), variables);
  return { config, mistakes: problems.map(problemText) };
}

const aws = {
  table: 'pullfront',
  bucket: 'pullfront-blobs',
  queue: 'https://sqs.us-east-1.amazonaws.com/1/fills',
};

const tags = [
  { match: 'library/*:nightly*', cooldown: '0s' },
  { match: 'acme/*:prod', freeze: true },
  { match: 'acme/app:1*', freeze: `sha256:${'a'.repeat(64)}` },
  { match: 'library/node', semver: '<20 || ^21', deny: true, mode: 'enforce' },
  { match: 'library/node', allow: true },
  {
    match: 'library/**',
    ...{ cooldown: '3d', mode: 'enforce', first: 'refuse', fast: 'newest-older-than' },
  },
];

const full = {
  $schema: '../pullfront.schema.json',
  aws: {
    ...aws,
    deadLetterQueue: aws.queue,
    fills: 'elsewhere',
    region: 'us-east-1',
    endpoints: { s3: 'http://127.0.0.1:9000/' },
    dualStack: true,
  },
  defaultUpstream: 'ghcr.io',
  upstreams: {
    'docker.io': {
      ...{ tagTtl: '1h', maxStale: '8d', delivery: 'stream', realms: ['a.example'] },
      asOf: true,
      tags,
      keep: { age: '90d', pins: ['library/postgres:16*'] },
    },
    '5000': { url: 'http://five.example' },
    'registry.example:5000': {
      url: 'https://registry.example:5000/base',
      credentials: { username: 'u', password: { env: 'PASSWORD' } },
      immutableTags: ['^v\\d+/$'],
      allow: ['library/**'],
      deny: ['library/x*'],
      stallTimeout: '2s',
    },
  },
  limits: { maxBlobBytes: 1000, memoryBytes: '8MB' },
  log: { format: 'json', level: 'warn' },
};

test('rules about tags decide as they do in the file', () => {
  const policyOf = ({ upstreams }: Pick<Config, 'upstreams'>) => upstreams.get('docker.io');
  const { config } = started({ upstreams: { 'docker.io': full.upstreams['docker.io'] } });
  const [read, written] = [policyOf(config), policyOf(parsed(full, { PASSWORD: 'p' }))];
  const chosen = [
    ['library/node', '18.2-alpine'],
    ['library/node', '20'],
    ['library/node', '21.5'],
    ['library/app', 'nightly-7'],
    ['acme/web', 'prod'],
    ['acme/app', '1.2'],
    ['other/app', '1'],
  ].map(([name = '', tag = '']) => {
    const rules = rulesOf(read?.tags ?? [], name, tag);
    expect(rules).toEqual(rulesOf(written?.tags ?? [], name, tag));
    const named = Object.entries(rules).filter(([, rule]) => rule !== undefined);
    return named.map(([kind, rule]) => `${kind} ${rule.match.text}`).join(', ');
  });
  expect(chosen).toEqual([
    'access library/node, cooldown library/**',
    'access library/node, cooldown library/**',
    'access library/node, cooldown library/**',
    'cooldown library/*:nightly*',
    'freeze acme/*:prod',
    'freeze acme/app:1*',
    '',
  ]);
  const access = (tag: string) => rulesOf(read?.tags ?? [], 'library/node', tag).access?.access;
  expect(['18', '20', '21.1', '22'].map(access)).toEqual(['deny', 'allow', 'deny', 'allow']);
  expect(read?.keep.pins[0]?.test('library/postgres', '16.1')).toBe(true);
  expect(read?.keep.pins[0]?.test('library/postgres', '17')).toBe(false);
});

describe('a resolved configuration equals the parsed file', () => {
  test.each<[string, object]>([
    ['nothing', {}],
    ['everything', full],
  ])('%s', (_, json) => {
    for (const store of ['aws', 'cloudflare'] as const) {
      const file = { ...json, ...(store === 'aws' ? { aws: { ...aws, ...full.aws } } : {}) };
      const environment = { PASSWORD: 'p' };
      const { config, mistakes: none } = started(file, {}, store);
      expect(none).toEqual([]);
      const checked = parsed({ ...file, store }, environment);
      expect(config).toEqual(checked);
      expect([...config.upstreams.keys()]).toEqual([...checked.upstreams.keys()]);
    }
  });
});

const given = fc.constantFrom(
  ...['0', '5', '-1', '5m', '0s', '15m', '25d', '1GB', '1.5GiB', '0B', 'true', 'yes', 'here'],
  ...['https://a.example', 'http://b/v2/', 'https://u@c', 'ftp://d', '[::1]:80', 'x:70000'],
  ...['a-bucket', 'b.dots', ' ', 'stream', 'warn', 'text', 'x'],
);

const file = { store: 'aws', aws, upstreams: { 'docker.io': {}, 'quay.io': {} } };
const names = variablesOf(['docker.io', 'quay.io'])
  .filter(({ path }) => !['store', 'defaultUpstream'].includes(path[0] ?? ''))
  // Incomplete credentials are reported in another way: see below.
  .filter(({ path }) => !path.includes('credentials') && path[0] !== 'tls')
  .map(({ name }) => name);

test('a variable is read as parseConfig reads it, with the same messages', () => {
  expect(names.length).toBeGreaterThan(25);
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), given, { maxKeys: 3 }), (variables) => {
      const read = started(file, variables, 'aws');
      expect(new Set(read.mistakes)).toEqual(new Set(mistakes(file, variables)));
      if (read.mistakes.length === 0) expect(read.config).toEqual(parsed(file, variables));
    }),
  );
});

test('a variable for the API of Docker Hub is refused for another registry', () => {
  const name = 'PULLFRONT_UPSTREAMS_QUAY_IO_HUB_API';
  const { config, mistakes } = started(file, { [name]: 'https://a.example' }, 'aws');
  expect(mistakes).toEqual([`${name}: belongs to docker.io`]);
  expect(config.upstreams.get('quay.io')?.hubApi).toBeUndefined();
});

test('an invalid variable is reported, and the built value stays', () => {
  const { config, mistakes } = started(
    { upstreams: { 'docker.io': { tagTtl: '1h' } } },
    {
      PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL: 'soon',
      PULLFRONT_UPSTREAMS_DOCKER_IO_MAX_STALE: '1d',
      PULLFRONT_UPSTREAMS: 'ghcr.io',
      PULLFRONT_NO_SUCH: '1',
      PULLFRONT_DEFAULT_UPSTREAM: 'ghcr.io',
      PULLFRONT_LOG_LEVEL: '',
      OTHER: 'x',
    },
  );
  expect(config.upstreams.get('docker.io')).toMatchObject({ tagTtl: 3.6e6, maxStale: 86.4e6 });
  expect(mistakes).toEqual([
    expect.stringMatching(
      /^PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL: expected a duration.*, got "soon"$/,
    ),
    expect.stringMatching(/^PULLFRONT_DEFAULT_UPSTREAM: expected "docker\.io".*, got "ghcr\.io"$/),
    expect.stringMatching(/^PULLFRONT_UPSTREAMS: unknown variable; /),
    expect.stringMatching(/^PULLFRONT_NO_SUCH: unknown variable; /),
  ]);
});

test('incomplete credentials are reported, and those of the file stay', () => {
  const prefix = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS';
  const half = started({}, { [`${prefix}_USERNAME`]: 'me' });
  expect(half.config.upstreams.get('docker.io')?.credentials).toBeUndefined();
  expect(half.mistakes).toEqual([
    expect.stringMatching(
      /^upstreams\.docker\.io\.credentials: expected a username and one of .*, got a username$/,
    ),
  ]);
  const credentials = { username: 'me', password: { env: 'A' } };
  const json = { upstreams: { 'docker.io': { credentials } } };
  const both = started(json, { [`${prefix}_PASSWORD_SECRET`]: 'hub' }, 'aws');
  expect(both.config.upstreams.get('docker.io')?.credentials).toMatchObject(credentials);
  expect(both.mistakes[0]).toContain('password.env and password.secret');
  expect(started(json, { [`${prefix}_PASSWORD_ENV`]: 'B' }).config.upstreams).toMatchObject(
    new Map([['docker.io', { credentials: { username: 'me', password: { env: 'B' } } }]]),
  );
});

test('access without readers is refused, and the account only raises the limit', () => {
  const credentials = { username: 'me', password: { env: 'A' } };
  const json = { upstreams: { 'docker.io': { credentials } } };
  const name = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_FOR';
  const { config, mistakes } = started(json, { [name]: 'access' });
  expect(mistakes).toEqual([expect.stringContaining('readers: missing; "for": "access" opens')]);
  expect(config.upstreams.get('docker.io')?.credentials).toMatchObject({ for: 'quota' });
});

test('readers by variables open an account that variables set', () => {
  const prefix = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS';
  const account = { [`${prefix}_USERNAME`]: 'me', [`${prefix}_PASSWORD_ENV`]: 'A' };
  const access = { ...account, [`${prefix}_FOR`]: 'access' };
  const json = { networks: { office: ['203.0.113.0/24'] } };
  const open = started(json, { ...access, [`${prefix}_READERS`]: 'office' });
  expect(open.mistakes).toEqual([]);
  expect(open.config.upstreams.get('docker.io')?.credentials).toMatchObject({
    for: 'access',
    readers: ['office'],
  });
  const wrong = started(json, { ...access, [`${prefix}_READERS`]: 'ofice' });
  expect(wrong.mistakes).toEqual([
    'upstreams.docker.io.credentials.readers: no network "ofice"; "networks" has office',
  ]);
  const closed = { for: 'quota', readers: [] };
  expect(wrong.config.upstreams.get('docker.io')?.credentials).toMatchObject(closed);
  const useless = started(json, { ...account, [`${prefix}_READERS`]: 'office' });
  expect(useless.mistakes).toEqual([expect.stringContaining('have no effect without')]);
  expect(useless.config.upstreams.get('docker.io')?.credentials).toMatchObject(closed);
});

test('a wrong list of readers does not change who reads what the file opens', () => {
  const credentials = {
    username: 'me',
    password: { env: 'A' },
    for: 'access',
    readers: ['office'],
  };
  const json = {
    networks: { office: ['203.0.113.0/24'] },
    upstreams: { 'docker.io': { credentials } },
  };
  const name = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_READERS';
  const { config, mistakes } = started(json, { [name]: 'ofice' });
  expect(mistakes).toHaveLength(1);
  expect(config.upstreams.get('docker.io')?.credentials).toMatchObject(credentials);
});

test('credentials by variables alone have the defaults of the others', () => {
  const prefix = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS';
  const { config } = started({}, { [`${prefix}_USERNAME`]: 'me', [`${prefix}_PASSWORD_ENV`]: 'A' });
  expect(config.upstreams.get('docker.io')?.credentials).toEqual({
    username: 'me',
    password: { env: 'A' },
    for: 'quota',
    readers: [],
  });
});

test('a variable that holds a password is not unknown, and no secret is shown', () => {
  const credentials = { username: 'me', password: { env: 'PULLFRONT_TOKEN' } };
  const json = { upstreams: { 'docker.io': { credentials } } };
  expect(started(json, { PULLFRONT_TOKEN: 'hunter2' }).mistakes).toEqual([]);
  const wrong = started(json, {
    PULLFRONT_TOKEN: 'hunter2',
    PULLFRONT_UPSTREAMS_DOCKER_IO_URL: 'https://me:hunter2@x',
  });
  expect(wrong.mistakes.join()).toContain('a string with @ (not shown)');
  expect(wrong.mistakes.join()).not.toContain('hunter2');
});

test('a password of a Worker is one of its secrets', () => {
  const credentials = { username: 'me', password: { file: '/run/secrets/hub' } };
  const file = resolveFile({ upstreams: { 'docker.io': { credentials } } }, 'cloudflare');
  expect('problems' in file ? file.problems.map(problemText) : []).toEqual([
    'upstreams.docker.io.credentials.password: a Worker has no files; use {"env": "NAME"} with the name of its secret',
  ]);
});

const pem = '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----';

test.each([
  [
    'aws',
    '/etc/ca.pem',
    ['upstreams.docker.io.ca: functions have no files; write the PEM text itself'],
  ],
  ['aws', pem, []],
  ['cloudflare', pem, ['upstreams.docker.io.ca: a Worker trusts only public authorities']],
] as const)('on %s the "ca" %j has these mistakes', (store, ca, mistakes) => {
  const file = resolveFile({ upstreams: { 'docker.io': { ca } } }, store);
  expect('problems' in file ? file.problems.map(problemText) : []).toEqual(mistakes);
});
