import type { Environment } from '../../core/config/environment.ts';
import {
  dockerHubHosts,
  knownRegistryUrl,
  realmPattern,
  registryPattern,
} from '../../core/config/known-registries.ts';
import type {
  AwsConfig,
  Config,
  PasswordPlace,
  UpstreamConfig,
} from '../../core/config/resolve.ts';
import { repositoryPattern } from '../../core/oci/repository.ts';
import {
  duration,
  flag,
  Given,
  listOf,
  made,
  matching,
  NotPlain,
  oneOf,
  positiveSize,
  registryUrl,
  serverUrl,
  size,
  text,
  wait,
} from './plain-values.ts';

/** What a function takes from the configuration. */
export type FunctionConfig = Pick<Config, 'defaultUpstream' | 'upstreams' | 'limits' | 'log'> & {
  readonly aws: AwsConfig;
};

/**
 * Reads a configuration that has no mistake and nothing unusual, and gives what the checker of
 * core/config would; undefined for every other one, which is the checker's to judge. To load the
 * checker takes a new instance longer than all else that it does before its first answer.
 */
export function plainConfig(json: unknown, environment: Environment): FunctionConfig | undefined {
  try {
    const given = new Given(json, environment);
    const config = readConfig(given);
    given.end();
    return config;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

const minutes = 60_000;
const days = 24 * 60 * minutes;

function readConfig(given: Given): FunctionConfig {
  given.only([], ['$schema', 'store', 'aws', 'defaultUpstream', 'upstreams', 'limits', 'log']);
  given.only(['limits'], ['maxBlobBytes', 'storeBytes', 'memoryBytes']);
  given.only(['log'], ['format', 'level']);
  given.optional(['$schema'], text);
  const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
  const optional: Given['optional'] = (...ask) => given.optional(...ask);
  const defaultUpstream = optional(['defaultUpstream'], text) ?? 'docker.io';
  const names = new Set([defaultUpstream, ...given.keys(['upstreams'])]);
  return {
    aws: readAws(given),
    defaultUpstream,
    upstreams: new Map([...names].map((name) => [name, readUpstream(given, name)])),
    limits: {
      maxBlobBytes: optional(['limits', 'maxBlobBytes'], size) ?? Number.POSITIVE_INFINITY,
      storeBytes: optional(['limits', 'storeBytes'], positiveSize) ?? Number.POSITIVE_INFINITY,
      memoryBytes: optional(['limits', 'memoryBytes'], size) ?? 32e6,
    },
    log: {
      format: optional(['log', 'format'], oneOf(['auto', 'json', 'text'])) ?? 'auto',
      level: optional(['log', 'level'], oneOf(levels)) ?? 'info',
    },
  };
}

const bucketName = matching(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);

function readAws(given: Given): AwsConfig {
  const endpoints = ['dynamodb', 's3', 'sqs', 'secretsManager'] as const;
  const places = ['table', 'bucket', 'queue', 'deadLetterQueue', 'fills', 'region', 'endpoints'];
  given.only(['aws'], [...places, 'urlLife', 'dualStack', 'fillWait', 'passThroughBytes']);
  given.only(['aws', 'endpoints'], endpoints);
  const endpoint = (name: (typeof endpoints)[number]) =>
    given.optional(['aws', 'endpoints', name], serverUrl);
  return {
    table: given.required(['aws', 'table'], text),
    bucket: given.required(['aws', 'bucket'], bucketName),
    queue: given.required(['aws', 'queue'], serverUrl),
    deadLetterQueue: given.optional(['aws', 'deadLetterQueue'], serverUrl),
    fills: given.optional(['aws', 'fills'], oneOf(['here', 'elsewhere'])) ?? 'here',
    region: given.optional(['aws', 'region'], text),
    endpoints: {
      dynamodb: endpoint('dynamodb'),
      s3: endpoint('s3'),
      sqs: endpoint('sqs'),
      secretsManager: endpoint('secretsManager'),
    },
    urlLife: given.optional(['aws', 'urlLife'], duration) ?? 20 * minutes,
    dualStack: given.optional(['aws', 'dualStack'], flag) ?? false,
    fillWait: given.optional(['aws', 'fillWait'], wait) ?? 20_000,
    passThroughBytes: given.optional(['aws', 'passThroughBytes'], size) ?? 4e6,
  };
}

const tagPatterns = listOf(made((pattern) => new RegExp(pattern)));

function repositoryPatterns(registry: string) {
  return listOf(
    made((pattern) => {
      if (pattern.startsWith(`${registry}/`)) throw new NotPlain();
      return repositoryPattern(pattern);
    }),
  );
}

function readUpstream(given: Given, name: string): UpstreamConfig {
  if (!registryPattern.test(name) || dockerHubHosts.has(name)) throw new NotPlain();
  const at = (...path: readonly string[]) => ['upstreams', name, ...path];
  const waits = ['tagTtl', 'maxStale', 'headersTimeout', 'stallTimeout'];
  const lists = ['realms', 'immutableTags', 'allow', 'deny'];
  given.only(at(), ['url', 'credentials', 'delivery', ...waits, ...lists]);
  const known = knownRegistryUrl(name);
  const url =
    given.optional(at('url'), registryUrl) ?? (known === undefined ? undefined : new URL(known));
  if (url === undefined) throw new NotPlain();
  return {
    url,
    credentials: readCredentials(given, at),
    realms: given.optional(at('realms'), listOf(matching(realmPattern))) ?? [],
    tagTtl: given.optional(at('tagTtl'), duration) ?? 5 * minutes,
    maxStale: given.optional(at('maxStale'), duration) ?? 30 * days,
    immutableTags: given.optional(at('immutableTags'), tagPatterns) ?? [],
    allow: given.optional(at('allow'), repositoryPatterns(name)) ?? [],
    deny: given.optional(at('deny'), repositoryPatterns(name)) ?? [],
    delivery: given.optional(at('delivery'), oneOf(['stream', 'redirect'])) ?? 'redirect',
    headersTimeout: given.optional(at('headersTimeout'), wait) ?? 10_000,
    stallTimeout: given.optional(at('stallTimeout'), wait) ?? 30_000,
  };
}

function readCredentials(
  given: Given,
  at: (...path: readonly string[]) => readonly string[],
): UpstreamConfig['credentials'] {
  const kinds = ['env', 'file', 'secret'] as const;
  given.only(at('credentials'), ['username', 'password']);
  given.only(at('credentials', 'password'), kinds);
  const username = given.optional(at('credentials', 'username'), text);
  const [env, file, secret] = kinds.map((kind) =>
    given.optional(at('credentials', 'password', kind), text),
  );
  const places: PasswordPlace[] = [];
  if (env !== undefined && given.variable(env) !== undefined) places.push({ env });
  else if (env !== undefined) throw new NotPlain();
  if (file !== undefined) places.push({ file });
  if (secret !== undefined) places.push({ secret });
  const [password, ...others] = places;
  const isThere = given.keys(at()).includes('credentials');
  if (username === undefined && password === undefined && !isThere) return undefined;
  if (username === undefined || password === undefined || others.length > 0) throw new NotPlain();
  return { username, password };
}
