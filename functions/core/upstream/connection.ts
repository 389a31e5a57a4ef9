import type { UpstreamEvent, UpstreamPurpose } from '../ports/event.ts';
import { Destinations } from './destinations.ts';
import type { HostTiming } from './host-timing.ts';

/** A user name and a password, or personal access token, of an upstream registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The configuration of an upstream client. */
export interface UpstreamOptions {
  /** The registry's host as people write it, for messages and events: `docker.io`. */
  readonly registry: string;
  /** The parent of its `/v2/`; or, with a path after `/v2/`, the parent of its repositories. */
  readonly url: URL;
  readonly credentials?: Credentials | undefined;
  /** More hosts (`host` or `host:port`) that its token service may have. */
  readonly realms?: readonly string[] | undefined;
  /** More hosts and networks that its redirects may lead to though they are private. */
  readonly privateHosts?: readonly string[] | undefined;
  /** A certificate authority that is trusted as well: PEM text or the path of a file. */
  readonly ca?: string | undefined;
  /** True if the registry is known to answer HEAD truthfully. */
  readonly answersHead?: boolean | undefined;
  /** `pullfront/1.2.3` */
  readonly userAgent: string;
  /** The time for an answer's headers, redirects included, in ms. Default 15 000. */
  readonly headersTimeout?: number | undefined;
  /** The longest silence within a blob, or the time for any other body, in ms. Default 30 000. */
  readonly stallTimeout?: number | undefined;
}

/**
 * The part of the Web's `fetch` that the client uses, `purpose`, which a platform may use, and
 * `destinations`. Throws
 * a FetchError where the platform knows the reason of a failure.
 */
export type UpstreamFetch = (
  url: string,
  init: {
    readonly method: 'GET' | 'HEAD';
    readonly headers: Record<string, string>;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
    readonly purpose: UpstreamPurpose;
    /** Where the request may go, which the platform checks at the connection. One object per upstream. */
    readonly destinations: Destinations;
  },
) => Promise<Response>;

/** What an upstream client needs from its platform. */
export interface UpstreamRuntime {
  readonly fetch: UpstreamFetch;
  /** Milliseconds since 1970. */
  now(): number;
  observe(event: UpstreamEvent): void;
  /** How long requests wait for each host; until `headersTimeout` by default. */
  readonly timing?: HostTiming;
}

/** Where an upstream's repositories are. */
export interface Place {
  /** The URL of `/v2/`, with the slash. */
  api: string;
  /** What every repository's name begins with at the upstream: empty, or `hub-proxy/`. */
  namePrefix: string;
}

/** What every request to an upstream needs. */
export interface Connection extends UpstreamOptions {
  readonly place: Place;
  readonly realms: readonly string[];
  readonly headersTimeout: number;
  readonly stallTimeout: number;
  readonly destinations: Destinations;
  readonly runtime: UpstreamRuntime;
}

/** Adds the defaults and the runtime to an upstream's options. */
export function connectionOf(options: UpstreamOptions, runtime: UpstreamRuntime): Connection {
  const { realms = [], headersTimeout = 15_000, stallTimeout = 30_000 } = options;
  const path = options.url.pathname.replace(/\/+$/, '');
  const [before = '', after] = path.split(/\/v2\/(.*)/, 2);
  return {
    ...options,
    realms,
    headersTimeout,
    stallTimeout,
    destinations: new Destinations(options),
    runtime,
    place: {
      api: `${options.url.origin}${before}/v2/`,
      namePrefix: after === undefined ? '' : `${after}/`,
    },
  };
}

/** The URL of a path below `/v2/` that begins with a repository's name. */
export function endpoint({ place }: Connection, path: string, query = ''): URL {
  const { api, namePrefix } = place;
  return new URL(`${api}${namePrefix}${path}${query}`);
}
