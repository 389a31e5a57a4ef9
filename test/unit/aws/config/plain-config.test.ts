import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FunctionConfig, plainConfig } from '../../../../functions/aws/config/plain-config.ts';
import type { Environment } from '../../../../functions/core/config/environment.ts';
import { parseConfig } from '../../../../functions/core/config/parse-config.ts';

const onAws = { from: 'the function', path: ['store'], value: 'aws' };

/** What the checker says, as far as a function uses it; undefined for a configuration with mistakes. */
function checked(json: unknown, environment: Environment): FunctionConfig | undefined {
  const parsed = parseConfig(json, environment, [onAws]);
  if ('problems' in parsed || parsed.ok.aws === undefined) return undefined;
  const { aws, defaultUpstream, upstreams, limits, log } = parsed.ok;
  return { aws, defaultUpstream, upstreams, limits, log };
}

/** As text, in which URLs, patterns and maps can be compared. */
function written(config: FunctionConfig | undefined): string | undefined {
  const inOrder = (value: object) =>
    Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  const replace = (_: string, value: unknown): unknown => {
    if (value instanceof RegExp || value instanceof URL) return String(value);
    if (value instanceof Map) return [...value];
    if (value === Number.POSITIVE_INFINITY) return 'no limit';
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? inOrder(value) : value;
  };
  return config === undefined ? undefined : JSON.stringify(config, replace, 2);
}

const aws = {
  table: 'pullfront',
  bucket: 'pullfront-blobs',
  queue: 'https://sqs.us-east-1.amazonaws.com/1/fills',
};

/** The variables that infra/aws gives to a function. */
const deployed = {
  PATH: '/bin',
  AWS_REGION: 'eu-central-1',
  PULLFRONT_CONFIG: '/var/task/pullfront.json',
  PULLFRONT_STORE: 'aws',
  PULLFRONT_AWS_TABLE: aws.table,
  PULLFRONT_AWS_BUCKET: aws.bucket,
  PULLFRONT_AWS_QUEUE: aws.queue,
  PULLFRONT_AWS_DEAD_LETTER_QUEUE: '',
  PULLFRONT_AWS_DUAL_STACK: 'true',
  PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: 'me',
  PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: 'hub',
};

describe('what is usual is read without the checker, and as the checker reads it', () => {
  const full = {
    $schema: '../pullfront.schema.json',
    store: 'aws',
    aws: {
      ...aws,
      deadLetterQueue: aws.queue,
      fills: 'elsewhere',
      region: 'us-east-1',
      endpoints: { s3: 'http://127.0.0.1:9000/' },
      urlLife: '5m',
      dualStack: true,
      fillWait: '10s',
      passThroughBytes: '1MiB',
    },
    defaultUpstream: 'ghcr.io',
    upstreams: {
      'docker.io': { tagTtl: '1h', maxStale: '2d', delivery: 'stream', realms: ['a.example'] },
      'registry.example:5000': {
        url: 'https://registry.example:5000/base',
        credentials: { username: 'u', password: { env: 'PASSWORD' } },
        immutableTags: ['^v\\d+$'],
        allow: ['library/**'],
        deny: ['library/x*'],
        headersTimeout: '1s',
        stallTimeout: '2s',
      },
    },
    limits: { maxBlobBytes: 1000, storeBytes: '1.5GiB', memoryBytes: '8MB' },
    log: { format: 'json', level: 'warn' },
  };
  test.each<[string, unknown, Environment]>([
    ['a deployment', { upstreams: { 'docker.io': {}, 'ghcr.io': {} } }, deployed],
    ['the file alone', { aws }, {}],
    ['the variables alone', {}, deployed],
    ['everything', full, { PASSWORD: 'p' }],
    ['everything, and variables over it', full, { ...deployed, PASSWORD: 'p' }],
  ])('%s', (_, json, environment) => {
    const plain = written(plainConfig(json, environment));
    expect(plain).toBeDefined();
    expect(plain).toBe(written(checked(json, environment)));
  });
});

/** A value that may be right, wrong, or of another kind. */
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('5m', '1GB', 'https://a.example', 'redirect', 'aws') },
  { weight: 3, arbitrary: fc.constantFrom('', ' ', 'x', '1.5GiB', 'true', 'here', 'docker.io') },
  fc.constantFrom<unknown>(0, 5, -1, 1.5, 1e300, true, null, [], ['^a'], ['('], [1], {}, undefined),
);

const keysOf = (...keys: string[]) => fc.dictionary(fc.constantFrom(...keys, 'odd'), value);

const upstream = fc.oneof(
  value,
  fc
    .record({
      waits: keysOf('tagTtl', 'maxStale', 'headersTimeout', 'stallTimeout'),
      rest: keysOf('url', 'realms', 'immutableTags', 'allow', 'deny', 'delivery', 'credentials'),
      credentials: fc.option(
        fc.record({
          username: value,
          password: fc.oneof(value, keysOf('env', 'file', 'secret')),
        }),
      ),
    })
    .map(({ waits, rest, credentials }) => ({
      ...waits,
      ...rest,
      ...(credentials !== null && { credentials }),
    })),
);

const file = fc.record(
  {
    aws: fc.oneof(
      value,
      keysOf(
        'urlLife',
        'dualStack',
        'fillWait',
        'passThroughBytes',
        'fills',
        'region',
        'endpoints',
      ).map((more) => ({ ...aws, ...more })),
    ),
    upstreams: fc.oneof(
      value,
      fc.dictionary(
        fc.constantFrom('docker.io', 'ghcr.io', 'a.example', 'index.docker.io'),
        upstream,
      ),
    ),
    defaultUpstream: value,
    limits: fc.oneof(value, keysOf('maxBlobBytes', 'storeBytes', 'memoryBytes')),
    log: fc.oneof(value, keysOf('format', 'level')),
    listen: value,
    store: value,
    $schema: value,
  },
  { requiredKeys: [] },
);

const variables = fc.dictionary(
  fc.constantFrom(
    'PULLFRONT_AWS_URL_LIFE',
    'PULLFRONT_AWS_DUAL_STACK',
    'PULLFRONT_AWS_ENDPOINTS_S3',
    'PULLFRONT_LIMITS_STORE_BYTES',
    'PULLFRONT_DEFAULT_UPSTREAM',
    'PULLFRONT_UPSTREAMS',
    'PULLFRONT_UPSTREAMS_GHCR_IO_TAG_TTL',
    'PULLFRONT_UPSTREAMS_DOCKER_IO_URL',
    'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME',
    'PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_ENV',
    'PULLFRONT_LISTEN',
    'PULLFRONT_ODD',
    'x',
  ),
  fc.constantFrom('', 'x', '5m', '1GB', 'https://a.example', 'ghcr.io', 'true'),
);

test('whatever is given: it is read as the checker reads it, or left to the checker', () => {
  fc.assert(
    fc.property(file, variables, fc.boolean(), (json, given, isDeployed) => {
      const environment = isDeployed ? { ...deployed, ...given } : given;
      const plain = written(plainConfig(json, environment));
      return plain === undefined || plain === written(checked(json, environment));
    }),
    { numRuns: 3000 },
  );
});
