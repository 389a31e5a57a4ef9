import { expect, test } from 'vitest';
import { upstreamOverride, variableOf } from '../../../../functions/core/config/environment.ts';
import { configJsonSchema } from '../../../../functions/core/config/parse-config.ts';
import { mistakes, parsed } from './parsing.ts';

test('a variable goes before the file', () => {
  const config = parsed(
    { listen: '127.0.0.1:1', limits: { storeBytes: '1GB' } },
    {
      PULLFRONT_LISTEN: '127.0.0.1:2',
      PULLFRONT_LIMITS_STORE_BYTES: '2GB',
      PULLFRONT_DATA: '/data',
      PULLFRONT_LOG_FORMAT: 'json',
      PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL: '1h',
    },
  );
  expect(config.listen).toMatchObject({ port: 2 });
  expect(config.limits.storeBytes).toBe(2e9);
  expect(config.data).toBe('/data');
  expect(config.log.format).toBe('json');
  expect(config.upstreams.get('docker.io')?.tagTtl).toBe(3_600_000);
});

test('an option goes before a variable', () => {
  const option = { from: '--listen', path: ['listen'], value: '127.0.0.1:3' };
  const { listen } = parsed({}, { PULLFRONT_LISTEN: '127.0.0.1:2' }, [option]);
  expect(listen).toMatchObject({ port: 3 });
  const url = upstreamOverride('--upstream', 'docker.io=http://127.0.0.1:5001');
  const config = parsed({}, { PULLFRONT_UPSTREAMS_DOCKER_IO_URL: 'https://other' }, [url]);
  expect(config.upstreams.get('docker.io')?.url.href).toBe('http://127.0.0.1:5001/');
});

test('an empty variable counts as absent', () => {
  const config = parsed({}, { PULLFRONT_LISTEN: '', PULLFRONT_UPSTREAMS: '' });
  expect(config.listen).toMatchObject({ port: 5000 });
});

test('the default upstream of a variable', () => {
  const config = parsed(
    {},
    {
      PULLFRONT_DEFAULT_UPSTREAM: 'quay.io',
      PULLFRONT_UPSTREAMS_QUAY_IO_TAG_TTL: '1s',
    },
  );
  expect([...config.upstreams.keys()]).toEqual(['quay.io']);
  expect(config.upstreams.get('quay.io')?.tagTtl).toBe(1000);
});

test('a list of upstreams, with urls or without', () => {
  const config = parsed(
    { upstreams: { 'ghcr.io': { tagTtl: '1h' } } },
    {
      PULLFRONT_UPSTREAMS: 'ghcr.io, quay.io localhost:5001=http://localhost:5001',
      PULLFRONT_UPSTREAMS_LOCALHOST_5001_DELIVERY: 'redirect',
    },
  );
  const names = ['docker.io', 'ghcr.io', 'quay.io', 'localhost:5001'];
  expect(new Set(config.upstreams.keys())).toEqual(new Set(names));
  expect(config.upstreams.get('ghcr.io')?.tagTtl).toBe(3_600_000);
  expect(config.upstreams.get('localhost:5001')?.delivery).toBe('redirect');
});

test('credentials by variables alone', () => {
  const config = parsed(
    {},
    {
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: 'me',
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_ENV: 'PULLFRONT_TOKEN',
      PULLFRONT_TOKEN: 'hunter2',
    },
  );
  expect(config.upstreams.get('docker.io')?.credentials).toEqual({
    username: 'me',
    password: { env: 'PULLFRONT_TOKEN' },
    for: 'quota',
    readers: [],
  });
});

const prefix = 'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS';
const account = {
  [`${prefix}_USERNAME`]: 'me',
  [`${prefix}_PASSWORD_ENV`]: 'PULLFRONT_TOKEN',
  PULLFRONT_TOKEN: 'hunter2',
};
const networks = { office: ['203.0.113.0/24'], ci: ['10.0.0.0/8'] };

test('an account for access by variables alone', () => {
  const variables = {
    ...account,
    [`${prefix}_FOR`]: 'access',
    [`${prefix}_READERS`]: 'office, ci',
  };
  expect(parsed({ networks }, variables).upstreams.get('docker.io')?.credentials).toMatchObject({
    for: 'access',
    readers: ['office', 'ci'],
  });
});

test.each<[string, Record<string, string>, string]>([
  ['without readers', { FOR: 'access' }, 'upstreams.docker.io.credentials.readers: missing; "for"'],
  ['with a blank list of them', { FOR: 'access', READERS: ' , ' }, `${prefix}_READERS: missing; `],
  ['of no network', { FOR: 'access', READERS: 'ofice' }, `${prefix}_READERS: no network "ofice"`],
  ['for quota', { READERS: 'office' }, `${prefix}_READERS: have no effect without "for": "access"`],
])('readers by variables: %s', (_, set, expected) => {
  const keys = Object.entries(set).map(([key, value]) => [`${prefix}_${key}`, value]);
  const found = mistakes({ networks }, { ...account, ...Object.fromEntries(keys) });
  expect(found).toEqual([expect.stringContaining(expected)]);
});

test.each([
  [{ PULLFRONT_LISTEN: 'x' }, /^PULLFRONT_LISTEN: expected HOST:PORT.*, got "x"$/],
  [{ PULLFRONT_LOG_LEVEL: 'x' }, /^PULLFRONT_LOG_LEVEL: expected .*, got "x"$/],
  [
    { PULLFRONT_LISTN: 'x' },
    /^PULLFRONT_LISTN: unknown variable; did you mean PULLFRONT_LISTEN\?$/,
  ],
  [
    { PULLFRONT_UPSTREAMS: 'GHCR.io' },
    /^PULLFRONT_UPSTREAMS: expected a registry.*, got "GHCR\.io"; did you mean "ghcr\.io"\?$/,
  ],
  [
    { PULLFRONT_UPSTREAMS: 'docker.io=x' },
    /^PULLFRONT_UPSTREAMS: expected an http or https URL.*, got "x"$/,
  ],
  [
    { PULLFRONT_UPSTREAMS_GHCR_IO_TAG_TTL: '1s' },
    /^PULLFRONT_UPSTREAMS_GHCR_IO_TAG_TTL: unknown variable; ghcr\.io is not mirrored; add it to "upstreams" or to PULLFRONT_UPSTREAMS$/,
  ],
  [
    { PULLFRONT_UPSTREAMS_DOCKER_IO_ALLOW: 'library/**' },
    /^PULLFRONT_UPSTREAMS_DOCKER_IO_ALLOW: unknown variable; upstreams\.docker\.io\.allow is a list that only the file can set$/,
  ],
  [
    { PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD: 'hunter2' },
    /PASSWORD: unknown variable; did you mean \w+_PASSWORD_ENV, \w+_PASSWORD_FILE or \w+_PASSWORD_SECRET\?$/,
  ],
  [
    { PULLFRONT_UPSTREAMS_DOCKER_IO_USERNAME: 'me' },
    /did you mean PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME\?$/,
  ],
  [{ PULLFRONT_TAG_TTL: '1m' }, /did you mean PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL\?$/],
  [{ PULLFRONT_STORE_BYTES: '1GB' }, /did you mean PULLFRONT_LIMITS_STORE_BYTES\?$/],
  // Kubernetes sets it to tcp://…
  [
    { PULLFRONT_PORT: '5000' },
    /^PULLFRONT_PORT: unknown variable; did you mean PULLFRONT_LISTEN\?$/,
  ],
  [
    { PULLFRONT_UPSTREAMS: '["ghcr.io"]' },
    /^PULLFRONT_UPSTREAMS: expected a registry.*; did you mean "ghcr\.io"\?$/,
  ],
  [
    { PULLFRONT_LIMITS_STORE_BYTES: '100' },
    /^PULLFRONT_LIMITS_STORE_BYTES: expected a size above 0 with a unit.*, got "100"$/,
  ],
  [
    { PULLFRONT_DATA: '$HOME/data' },
    /^PULLFRONT_DATA: variables such as \$HOME are not expanded; write the value$/,
  ],
  [
    { PULLFRONT_DEFAULT_UPSTREAM: 'a.b' },
    /^PULLFRONT_DEFAULT_UPSTREAM: "a\.b" is neither in "upstreams"/,
  ],
])('a mistake in a variable names it: %o', (environment, expected) => {
  const found = mistakes({}, environment);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});

test('a mistake in an option names it', () => {
  const found = mistakes({}, {}, [upstreamOverride('--upstream', 'my.registry')]);
  expect(found).toEqual([expect.stringMatching(/^upstreams\.my\.registry\.url: missing; /)]);
  const bad = mistakes({}, {}, [upstreamOverride('--upstream', 'My Registry=http://x')]);
  expect(bad).toEqual([
    expect.stringMatching(/^--upstream: expected a registry.*, got "My Registry"$/),
  ]);
});

test('what Kubernetes sets for a service called pullfront is no mistake', () => {
  const environment = {
    PULLFRONT_SERVICE_HOST: '10.0.0.1',
    PULLFRONT_SERVICE_PORT: '5000',
    PULLFRONT_SERVICE_PORT_HTTP: '5000',
    PULLFRONT_PORT: 'tcp://10.0.0.1:5000',
    PULLFRONT_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
    PULLFRONT_PORT_5000_TCP_ADDR: '10.0.0.1',
    PULLFRONT_PORT_5000_TCP_PORT: '5000',
    PULLFRONT_PORT_5000_TCP_PROTO: 'tcp',
  };
  expect(mistakes({}, environment)).toEqual([]);
});

/** The paths of all values that are no object, no list and no alternative to an object. */
function scalars(schema: unknown, path: readonly string[] = []): string[][] {
  if (!(schema instanceof Object)) return [];
  if ('properties' in schema && schema.properties instanceof Object) {
    return Object.entries(schema.properties).flatMap(([key, value]) =>
      scalars(value, [...path, key]),
    );
  }
  const more = 'additionalProperties' in schema ? schema.additionalProperties : undefined;
  if (more instanceof Object) return scalars(more, [...path, 'docker.io']);
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) {
    return schema.anyOf.flatMap((one) => scalars(one, path));
  }
  const isList = 'type' in schema && schema.type === 'array';
  return isList || 'const' in schema ? [] : [[...path]];
}

test('every scalar of the schema has its variable', () => {
  const known = scalars(configJsonSchema())
    // Variables cannot spell the names of networks.
    .filter((path) => path[0] !== '$schema' && path[0] !== 'clients')
    .map(variableOf);
  expect(known.length).toBeGreaterThan(15);
  for (const name of known) {
    // A value that no setting takes: a known variable is named for its value, not as unknown.
    expect(mistakes({}, { [name]: ' ' }).join('\n')).not.toContain('unknown variable');
  }
});
