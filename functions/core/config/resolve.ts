import type { Defined } from './definition.ts';
import { knownRegistryUrl } from './known-registries.ts';
import type { ListenAddress } from './listen-address.ts';

/** Where the password of an upstream is; read by the platform when it starts. */
export type PasswordPlace = { readonly env: string } | { readonly file: string };

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

/** The configuration, checked and complete. Sizes are in bytes, durations in ms. */
export interface Config {
  readonly listen: ListenAddress;
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** The path of the folder where everything is kept. */
  readonly data: string;
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
  const { listen, tls, data, defaultUpstream, limits, shutdownTimeout, log } = defined;
  const upstreams = Object.entries(defined.upstreams)
    .sort(([a], [b]) => Number(b === defaultUpstream) - Number(a === defaultUpstream))
    .map(([name, upstream]) => [name, resolveUpstream(name, upstream)] as const);
  return {
    listen,
    tls,
    data,
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

function resolveUpstream(name: string, defined: Defined['upstreams'][string]): UpstreamConfig {
  const { url, credentials, ...rest } = defined;
  return { ...rest, url: url ?? new URL(knownRegistryUrl(name) ?? `https://${name}`), credentials };
}
