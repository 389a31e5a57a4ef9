import type { Defined } from './definition.ts';
import { knownRegistryUrl } from './known-registries.ts';

type DefinedUpstream = Defined['upstreams'][string];
type Credentials = NonNullable<DefinedUpstream['credentials']>;

/** Where the password of an upstream is; read by the platform when it starts. */
export type PasswordPlace = Credentials['password'];

/** An upstream as configured. The fields of its policy are `UpstreamPolicy`'s. */
export interface UpstreamConfig extends Readonly<Omit<DefinedUpstream, 'credentials'>> {
  readonly url: URL;
  readonly credentials: Credentials | undefined;
  readonly delivery: 'stream' | 'redirect';
}

/** What the store on AWS is made of. */
export type AwsConfig = Readonly<NonNullable<Defined['aws']>>;

/**
 * The configuration, checked and complete: what the definition makes of a file, and what depends on
 * other values. Sizes are in bytes, durations in ms.
 */
export interface Config
  extends Readonly<Omit<Defined, '$schema' | 'tls' | 'aws' | 'upstreams' | 'limits'>> {
  /** Paths of PEM files. */
  readonly tls: Readonly<NonNullable<Defined['tls']>> | undefined;
  /** Always there when the store is `aws`. */
  readonly aws: AwsConfig | undefined;
  /** By the registry's host as people write it; the default one comes first. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly limits: Readonly<Defined['limits']> & {
    /** Infinity: no limit. */
    readonly maxBlobBytes: number;
    /** Infinity: no limit. */
    readonly storeBytes: number;
  };
}

/** Fills in what depends on other values. Every upstream must be known or have a URL. */
export function resolveConfig({ $schema: _, ...defined }: Defined): Config {
  const { store, defaultUpstream, limits } = defined;
  // One machine's followers share a fill; elsewhere the upstream's CDN carries the first pulls.
  const delivery = store === 'embedded' ? 'stream' : 'redirect';
  const upstreams = Object.entries(defined.upstreams)
    .sort(([a], [b]) => Number(b === defaultUpstream) - Number(a === defaultUpstream))
    .map(([name, upstream]) => [name, resolveUpstream(name, upstream, delivery)] as const);
  return {
    ...defined,
    tls: defined.tls,
    aws: store === 'aws' ? defined.aws : undefined,
    upstreams: new Map(upstreams),
    limits: {
      ...limits,
      maxBlobBytes: limits.maxBlobBytes ?? Number.POSITIVE_INFINITY,
      storeBytes: limits.storeBytes ?? Number.POSITIVE_INFINITY,
    },
  };
}

function resolveUpstream(
  name: string,
  defined: DefinedUpstream,
  delivery: UpstreamConfig['delivery'],
): UpstreamConfig {
  const url = defined.url ?? new URL(knownRegistryUrl(name) ?? `https://${name}`);
  const { credentials } = defined;
  return { ...defined, url, credentials, delivery: defined.delivery ?? delivery };
}
