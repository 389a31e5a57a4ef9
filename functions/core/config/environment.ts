import type { Path, Problem } from './problems.ts';
import { suggestion } from './suggestion.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value for one place of the configuration from elsewhere than its file. */
export interface Override {
  /** The variable's or option's name, as in mistakes. */
  readonly from: string;
  readonly path: Path;
  readonly value: unknown;
}

const settings = [
  'listen',
  'tls.cert',
  'tls.key',
  'data',
  'store',
  'aws.table',
  'aws.bucket',
  'aws.queue',
  'aws.deadLetterQueue',
  'aws.fills',
  'aws.region',
  'aws.endpoints.dynamodb',
  'aws.endpoints.s3',
  'aws.endpoints.sqs',
  'aws.endpoints.secretsManager',
  'aws.urlLife',
  'aws.dualStack',
  'aws.fillWait',
  'aws.passThroughBytes',
  'cloudflare.fillTime',
  'defaultUpstream',
  'limits.maxBlobBytes',
  'limits.storeBytes',
  'limits.memoryBytes',
  'shutdownTimeout',
  'log.format',
  'log.level',
];

const upstreamSettings = [
  'url',
  'credentials.username',
  'credentials.password.env',
  'credentials.password.file',
  'credentials.password.secret',
  'tagTtl',
  'maxStale',
  'delivery',
  'headersTimeout',
  'stallTimeout',
];

/** Names the file itself, and the list of upstreams as NAME or NAME=URL, with commas. */
const special = ['PULLFRONT_CONFIG', 'PULLFRONT_UPSTREAMS'];

/** What Kubernetes puts into every container near a service that is called `pullfront`. */
const kubernetes =
  /^PULLFRONT_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

const screaming = (text: string) =>
  text
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase();

/**
 * The variable of a scalar: `PULLFRONT_` and its path in capitals, with `_` between words and for
 * every other sign: `limits.storeBytes` is `PULLFRONT_LIMITS_STORE_BYTES`, and the `tagTtl` of the
 * upstream docker.io `PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL`.
 */
export function variableOf(path: Path): string {
  return `PULLFRONT_${path.map((part) => screaming(String(part))).join('_')}`;
}

/** Reads `NAME` or `NAME=URL` as what it changes; a NAME alone only adds the upstream. */
export function upstreamOverride(from: string, text: string): Override {
  const equals = text.indexOf('=');
  if (equals === -1) return { from, path: ['upstreams', text], value: {} };
  const path = ['upstreams', text.slice(0, equals), 'url'];
  return { from, path, value: text.slice(equals + 1) };
}

/** What `PULLFRONT_UPSTREAMS` adds. An empty variable counts as absent, here and below. */
export function listedUpstreams(environment: Environment): Override[] {
  const name = 'PULLFRONT_UPSTREAMS';
  const listed = (environment[name] ?? '').split(',').map((one) => one.trim());
  return listed.filter((one) => one !== '').map((one) => upstreamOverride(name, one));
}

/** The values from variables, for a configuration with these upstreams. */
export function environmentOverrides(
  environment: Environment,
  upstreams: readonly string[],
): Override[] {
  return pathsOf(upstreams).flatMap((path) => {
    const from = variableOf(path);
    const value = environment[from];
    return value === undefined || value === '' ? [] : [{ from, path, value }];
  });
}

/** A `PULLFRONT_` variable that means nothing is a mistake; `others` are used elsewhere. */
export function unknownVariables(
  environment: Environment,
  upstreams: readonly string[],
  others: readonly string[],
): Problem[] {
  const known = [...special, ...pathsOf(upstreams).map(variableOf)];
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.startsWith('PULLFRONT_') &&
      environment[name] !== '' &&
      !kubernetes.test(name) &&
      !known.includes(name) &&
      !others.includes(name),
  );
  return unknown.map((path) => ({
    path,
    found: 'an unknown variable',
    expected: suggestion(path, known) ?? expectedVariable(path, upstreams),
  }));
}

function expectedVariable(name: string, upstreams: readonly string[]): string {
  if (!name.startsWith('PULLFRONT_UPSTREAMS_')) {
    return 'one that stands for a value of the configuration: PULLFRONT_LISTEN';
  }
  const example = variableOf(['upstreams', upstreams[0] ?? 'docker.io', 'tagTtl']);
  return `one of an upstream that is configured (${upstreams.join(', ')}): ${example}`;
}

function pathsOf(upstreams: readonly string[]): Path[] {
  return [
    ...settings.map((setting) => setting.split('.')),
    ...upstreams.flatMap((name) =>
      upstreamSettings.map((setting) => ['upstreams', name, ...setting.split('.')]),
    ),
  ];
}
