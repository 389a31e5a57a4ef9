import type { UpstreamEvent, UpstreamPurpose } from '../ports/event.ts';

/** A user name and password, or personal access token, of an upstream registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What an upstream client is made of. */
export interface UpstreamOptions {
  /** The registry's host as people write it, for messages and events: `docker.io`. */
  readonly registry: string;
  /** Where its `/v2/` is; may have a path prefix. */
  readonly url: URL;
  readonly credentials?: Credentials | undefined;
  /** More hosts (`host` or `host:port`) that its token service may have. */
  readonly realms?: readonly string[] | undefined;
  /** `pullfront/1.2.3` */
  readonly userAgent: string;
  /** Milliseconds until an answer's headers must be there, redirects included. Default 10 000. */
  readonly headersTimeout?: number | undefined;
  /** Milliseconds without a byte of a blob, or for the whole of another body. Default 30 000. */
  readonly stallTimeout?: number | undefined;
}

/**
 * The part of the Web's `fetch` that the client uses; `purpose` is for platforms that make use of
 * it. A platform whose errors say more than that it failed throws a FetchError.
 */
export type UpstreamFetch = (
  url: string,
  init: {
    readonly method: 'GET' | 'HEAD';
    readonly headers: Record<string, string>;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
    readonly purpose: UpstreamPurpose;
  },
) => Promise<Response>;

/** What an upstream client needs from its platform. */
export interface UpstreamRuntime {
  readonly fetch: UpstreamFetch;
  /** Milliseconds since 1970. */
  now(): number;
  observe(event: UpstreamEvent): void;
}

/** An upstream's options with their defaults, and the runtime: what every request needs. */
export interface Connection {
  readonly registry: string;
  readonly base: URL;
  readonly credentials: Credentials | undefined;
  readonly realms: readonly string[];
  readonly userAgent: string;
  readonly headersTimeout: number;
  readonly stallTimeout: number;
  readonly runtime: UpstreamRuntime;
}

/** Fills in the defaults. */
export function connectionOf(options: UpstreamOptions, runtime: UpstreamRuntime): Connection {
  return {
    registry: options.registry,
    base: options.url,
    credentials: options.credentials,
    realms: options.realms ?? [],
    userAgent: options.userAgent,
    headersTimeout: options.headersTimeout ?? 10_000,
    stallTimeout: options.stallTimeout ?? 30_000,
    runtime,
  };
}

/** The URL of a path after `/v2/`, behind the prefix of the registry's own URL. */
export function endpoint(connection: Connection, path: string, query = ''): URL {
  const { base } = connection;
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/v2/${path}${query}`);
}
