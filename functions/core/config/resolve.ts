import { parseDigest } from '../oci/digest.ts';
import { TagPattern } from '../tag-policy/tag-pattern.ts';
import type { TagRule } from '../tag-policy/tag-rule.ts';
import type { Defined } from './definition.ts';
import { hubAlternates, wellKnownRegistries } from './known-registries.ts';
import { parseVersionRange } from './version-ranges.ts';

type DefinedUpstream = Defined['upstreams'][string];
type DefinedAccount = DefinedUpstream['accounts'][number];

/** Where to read the password of an account. */
export type PasswordPlace = NonNullable<DefinedAccount['password']>;

/** An account of a registry: `signInOf` says how it signs in. */
export type Account = Readonly<DefinedAccount>;

/** A configured upstream. Includes the fields of `UpstreamPolicy`. */
export interface UpstreamConfig
  extends Readonly<Omit<DefinedUpstream, 'credentials' | 'alternates' | 'tags' | 'keep'>> {
  readonly url: URL;
  readonly credentials: Omit<Account, 'label' | 'repositories'> | undefined;
  /** As `public.ecr.aws/docker`. */
  readonly alternates: readonly string[];
  readonly delivery: 'stream' | 'redirect';
  readonly tags: readonly TagRule[];
  readonly keep: {
    readonly age: number | undefined;
    readonly pins: readonly TagPattern[];
  };
}

/** The resources of the store on AWS. */
export type AwsConfig = Readonly<NonNullable<Defined['aws']>>;

/** The checked and complete configuration. Sizes are in bytes, durations in ms. */
export interface Config
  extends Readonly<Omit<Defined, '$schema' | 'tls' | 'aws' | 'upstreams' | 'limits'>> {
  /** Paths of PEM files. */
  readonly tls: Readonly<NonNullable<Defined['tls']>> | undefined;
  /** Set if the store is `aws`. */
  readonly aws: AwsConfig | undefined;
  /** By the registry's host in image names; the default one comes first. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly limits: Readonly<Defined['limits']> & {
    /** Infinity: no limit. */
    readonly maxBlobBytes: number;
    /** Infinity: no limit. */
    readonly storeBytes: number;
  };
}

/** What a store in memory holds of blobs by default, in bytes. */
const memoryStoreBytes = 1_000_000_000;

/** Adds the defaults that depend on other values. Every upstream must be well known or have a URL. */
export function resolveConfig({ $schema: _, ...defined }: Defined): Config {
  const { store, defaultUpstream, limits } = defined;
  // On one machine clients follow the same fill; elsewhere the upstream's CDN serves first pulls.
  const isOneProcess = store === 'embedded' || store === 'memory';
  const delivery = isOneProcess ? 'stream' : 'redirect';
  const mostStored = store === 'memory' ? memoryStoreBytes : Number.POSITIVE_INFINITY;
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
      storeBytes: limits.storeBytes ?? mostStored,
    },
  };
}

function resolveUpstream(
  name: string,
  defined: DefinedUpstream,
  delivery: UpstreamConfig['delivery'],
): UpstreamConfig {
  const url = defined.url ?? new URL(wellKnownRegistries.get(name) ?? `https://${name}`);
  const { credentials } = defined;
  const alternates = defined.alternates === 'hub' ? hubAlternates : defined.alternates;
  const tags = defined.tags.map(resolveRule);
  const keep = { age: defined.keep.age, pins: defined.keep.pins };
  return {
    ...defined,
    url,
    credentials,
    alternates,
    tags,
    keep,
    hubApi: name === 'docker.io' ? (defined.hubApi ?? new URL(hubApi)) : undefined,
    delivery: defined.delivery ?? delivery,
  };
}

const hubApi = 'https://hub.docker.com';

function resolveRule(defined: DefinedUpstream['tags'][number]): TagRule {
  const { match, semver, mode, freeze, cooldown: age, first, fast, strict, clock } = defined;
  return {
    match: new TagPattern(match),
    semver: semver === undefined ? undefined : parseVersionRange(semver),
    platforms: defined.platforms,
    mode,
    freeze: typeof freeze === 'string' ? parseDigest(freeze) : freeze,
    cooldown: age === undefined ? undefined : { age, first, fast, strict, clock },
    access: defined.deny ? 'deny' : defined.allow ? 'allow' : undefined,
  };
}
