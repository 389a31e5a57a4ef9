import type { Defined } from './definition.ts';
import { knownRegistryUrl } from './known-registries.ts';
import type { ListenAddress } from './units.ts';

/** Where the password of an upstream is; read by the platform when it starts. */
export type PasswordPlace =
  | { readonly env: string }
  | { readonly file: string }
  /** The name or ARN of a secret of AWS Secrets Manager. */
  | { readonly secret: string };

/** An upstream as configured. Durations are in ms. The fields of its policy are `UpstreamPolicy`'s. */
export interface UpstreamConfig {
  readonly url: URL;
  readonly credentials: { readonly username: string; readonly password: PasswordPlace } | undefined;
  readonly realms: readonly string[];
  readonly tagTtl: number;
  readonly maxStale: number;
  readonly immutableTags: readonly RegExp[];
  readonly allow: readonly RegExp[];
  readonly deny: readonly RegExp[];
  readonly delivery: 'stream' | 'redirect';
  readonly headersTimeout: number;
  readonly stallTimeout: number;
}

/** What the store on AWS is made of. */
export interface AwsConfig {
  readonly table: string;
  readonly bucket: string;
  readonly queue: URL;
  readonly deadLetterQueue: URL | undefined;
  /** Whether an ordinary server works on the queue itself. */
  readonly fills: 'here' | 'elsewhere';
  /** undefined: the environment's. */
  readonly region: string | undefined;
  readonly endpoints: {
    readonly dynamodb: URL | undefined;
    readonly s3: URL | undefined;
    readonly sqs: URL | undefined;
    readonly secretsManager: URL | undefined;
  };
  readonly urlLife: number;
  readonly dualStack: boolean;
  readonly fillWait: number;
  readonly passThroughBytes: number;
}

/** The configuration, checked and complete. Sizes are in bytes, durations in ms. */
export interface Config {
  readonly listen: ListenAddress;
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** The path of the folder where everything is kept. */
  readonly data: string;
  readonly store: 'embedded' | 'aws' | 'cloudflare';
  /** Always there when the store is `aws`. */
  readonly aws: AwsConfig | undefined;
  readonly cloudflare: {
    /** How long an invocation of the queue's consumer fills. */
    readonly fillTime: number;
  };
  readonly defaultUpstream: string;
  /** By the registry's host as people write it; the default one comes first. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly limits: {
    /** Infinity: no limit. */
    readonly maxBlobBytes: number;
    /** Infinity: no limit. */
    readonly storeBytes: number;
    readonly memoryBytes: number;
  };
  readonly shutdownTimeout: number;
  readonly log: {
    readonly format: 'auto' | 'json' | 'text';
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  };
}

/** Fills in what depends on other values. Every upstream must be known or have a URL. */
export function resolveConfig(defined: Defined): Config {
  const { listen, tls, data, store, defaultUpstream, limits, shutdownTimeout, log } = defined;
  // One machine's followers share a fill; elsewhere the upstream's CDN carries the first pulls.
  const delivery = store === 'embedded' ? 'stream' : 'redirect';
  const upstreams = Object.entries(defined.upstreams)
    .sort(([a], [b]) => Number(b === defaultUpstream) - Number(a === defaultUpstream))
    .map(([name, upstream]) => [name, resolveUpstream(name, upstream, delivery)] as const);
  return {
    listen,
    tls,
    data,
    store,
    aws: store === 'aws' && defined.aws !== undefined ? resolveAws(defined.aws) : undefined,
    cloudflare: defined.cloudflare,
    defaultUpstream,
    upstreams: new Map(upstreams),
    limits: {
      maxBlobBytes: limits.maxBlobBytes ?? Number.POSITIVE_INFINITY,
      storeBytes: limits.storeBytes ?? Number.POSITIVE_INFINITY,
      memoryBytes: limits.memoryBytes,
    },
    shutdownTimeout,
    log,
  };
}

function resolveUpstream(
  name: string,
  defined: Defined['upstreams'][string],
  delivery: UpstreamConfig['delivery'],
): UpstreamConfig {
  const url = defined.url ?? new URL(knownRegistryUrl(name) ?? `https://${name}`);
  const { credentials } = defined;
  return { ...defined, url, credentials, delivery: defined.delivery ?? delivery };
}

function resolveAws(defined: NonNullable<Defined['aws']>): AwsConfig {
  const { deadLetterQueue, region } = defined;
  const { dynamodb, s3, sqs, secretsManager } = defined.endpoints;
  return {
    ...defined,
    deadLetterQueue,
    region,
    endpoints: { dynamodb, s3, sqs, secretsManager },
  };
}
