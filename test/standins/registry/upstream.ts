import type { IncomingMessage, ServerResponse } from 'node:http';
import { abusePage } from './abuse-page.ts';
import { cdnReply } from './cdn.ts';
import type { Exchange, Origins } from './exchange.ts';
import { type Fault, Faults } from './faults.ts';
import { Origin } from './origin.ts';
import { PullCounter } from './pull-limit.ts';
import { type RequestFilter, type RequestKind, RequestLog, type RequestRecord } from './record.ts';
import { registryReply, tokenReply } from './registry.ts';
import type { Reply } from './reply.ts';
import { Repositories } from './repositories.ts';
import { type Route, routeOf } from './route.ts';
import { type Arrival, arrive, sendRaw, serve } from './serve.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { SignedUrls } from './signed-url.ts';
import { TokenService } from './token-service.ts';

/** What is fixed when the stand-in starts. */
export interface UpstreamOptions {
  /** The registry's port; default a free one. */
  readonly port?: number;
  /** Epoch milliseconds; default Date.now. Tokens, signed URLs and limits go by it. */
  readonly now?: () => number;
  /** How many requests the list holds at least; default all. */
  readonly keepRequests?: number;
}

/** Which listener is meant. */
export type OriginName = keyof Origins;

/** A registry like Docker Hub on loopback, with a token service and a second origin for blobs. */
export class Upstream {
  readonly #origins: { readonly [name in OriginName]: Origin };
  readonly #settings: Settings = { ...defaultSettings };
  readonly #repositories = new Repositories();
  readonly #log: RequestLog;
  readonly #faults = new Faults();
  readonly #tokens: TokenService;
  readonly #pulls: PullCounter;
  readonly #signedUrls: SignedUrls;

  constructor(options: UpstreamOptions) {
    const now = options.now ?? Date.now;
    this.#log = new RequestLog(options.keepRequests ?? Number.POSITIVE_INFINITY);
    this.#pulls = new PullCounter(now);
    this.#signedUrls = new SignedUrls(now);
    this.#tokens = new TokenService({
      settings: this.#settings,
      now,
      repositoryExists: (name) => this.#repositories.get(name) !== undefined,
    });
    const origin = (name: OriginName, port = 0): Origin =>
      new Origin(port, (request, response) => {
        this.#handle(name, request, response).catch((error: unknown) => {
          // A defect of the stand-in must not look like a fault that a test asked for.
          console.error('stand-in registry:', error);
          response.destroy();
        });
      });
    this.#origins = {
      registry: origin('registry', options.port),
      token: origin('token'),
      cdn: origin('cdn'),
    };
  }

  /** The registry's base URL, without a slash at the end. */
  get url(): string {
    return this.#origins.registry.url;
  }

  /** The base URLs of all three listeners. */
  get origins(): Origins {
    const { registry, token, cdn } = this.#origins;
    return { registry: registry.url, token: token.url, cdn: cdn.url };
  }

  /** Adds content, an image or an index to a repository under tags; gives its digest. */
  add(...args: Parameters<Repositories['add']>): string {
    return this.#repositories.add(...args);
  }

  /** Points a tag to a digest. */
  tag(repository: string, tag: string, digest: string): void {
    this.#repositories.tag(repository, tag, digest);
  }

  /** Takes a tag away. */
  removeTag(repository: string, tag: string): void {
    this.#repositories.removeTag(repository, tag);
  }

  /** Takes a manifest or blob away. */
  remove(repository: string, digest: string): void {
    this.#repositories.remove(repository, digest);
  }

  /** Writes the fallback tag with the referrers of a digest; gives the tag's digest. */
  tagReferrers(repository: string, subject: string): string {
    return this.#repositories.tagReferrers(repository, subject);
  }

  /** Changes switches; a new `faults` list or `pullLimit` starts its counts again. */
  set(changes: Partial<Settings>): void {
    Object.assign(this.#settings, changes);
    if (changes.faults !== undefined) this.#faults.set(changes.faults);
    if ('pullLimit' in changes) this.#pulls.reset();
  }

  /** Back to the settings of a new stand-in; content and requests stay. */
  reset(): void {
    this.set(defaultSettings);
  }

  /** Adds one fault. */
  fail(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Makes every token invalid at once. */
  revokeTokens(): void {
    this.#tokens.revoke();
  }

  /** The tokens that it issued, and the signatures of URLs that it was asked by since the last clear. */
  get secrets(): readonly string[] {
    const signatures = this.requests.map(({ query }) => query.get('X-Standin-Signature'));
    return [...this.#tokens.issued, ...signatures.filter((one) => one !== null)];
  }

  /** The requests since the last clear, at all listeners, in the order of arrival. */
  get requests(): readonly RequestRecord[] {
    return this.#log.list;
  }

  /** How many requests match. */
  count(filter?: RequestFilter): number {
    return this.#log.count(filter);
  }

  /** Bytes of body sent, in all or for one kind of request. */
  bytes(kind?: RequestKind): number {
    return this.#log.bytes(kind === undefined ? {} : { kind });
  }

  /** Resolves as soon as `count` matching requests have arrived. */
  until(filter: RequestFilter, count = 1): Promise<void> {
    return this.#log.until(filter, count);
  }

  /** Requests and bytes by `kind method status`. */
  totals(): ReturnType<RequestLog['totals']> {
    return this.#log.totals();
  }

  /** Forgets the requests. */
  clear(): void {
    this.#log.clear();
  }

  /** Stops one listener or all: connections are cut and new ones refused. */
  async stop(name?: OriginName): Promise<void> {
    await Promise.all(this.#named(name).map((one) => one.stop()));
  }

  /** Starts again on the same ports. */
  async start(name?: OriginName): Promise<void> {
    await Promise.all(this.#named(name).map((one) => one.start()));
  }

  /** Stops for good. */
  close(): Promise<void> {
    return this.stop();
  }

  #named(name: OriginName | undefined): Origin[] {
    return name === undefined ? Object.values(this.#origins) : [this.#origins[name]];
  }

  async #handle(
    name: OriginName,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const url = new URL(`${this.#origins[name].url}${request.url ?? '/'}`);
    const route = routeOf(url.pathname);
    const record = arrive(this.#log, request, arrivalOf(name, url, route));
    response.once('close', () => this.#log.notify());
    const form = this.#settings.abusePage;
    if (name === 'registry' && form !== false) {
      sendRaw(request, record, abusePage(form, record.method));
      return;
    }
    const exchange: Exchange = {
      request,
      url,
      record,
      settings: this.#settings,
      origins: this.origins,
      repositories: this.#repositories,
      tokens: this.#tokens,
      pulls: this.#pulls,
      signedUrls: this.#signedUrls,
    };
    // A token's repository stands in the query.
    const path = record.kind === 'token' ? `${record.path}?${record.query}` : record.path;
    const faults = this.#faults.take(record.kind, record.method, decodeURIComponent(path));
    await serve(request, response, record, faults, () => replyOf(name, exchange, route));
  }
}

/** Starts a stand-in with these settings. */
export async function startUpstream(
  settings: Partial<Settings> = {},
  options: UpstreamOptions = {},
): Promise<Upstream> {
  const upstream = new Upstream(options);
  upstream.set(settings);
  await upstream.start();
  return upstream;
}

function replyOf(name: OriginName, exchange: Exchange, route: Route): Reply {
  if (name === 'cdn') return cdnReply(exchange);
  return name === 'token' ? tokenReply(exchange) : registryReply(exchange, route);
}

function arrivalOf(name: OriginName, url: URL, route: Route): Arrival {
  if (name === 'registry') {
    return {
      kind: route.kind,
      repository: 'repository' in route ? route.repository : undefined,
      reference: 'reference' in route ? route.reference : undefined,
      url,
    };
  }
  if (name === 'token') return { kind: 'token', repository: undefined, reference: undefined, url };
  if (url.pathname.startsWith('/web/')) {
    return { kind: 'page', repository: undefined, reference: undefined, url };
  }
  const [, , algorithm, hex] = url.pathname.split('/');
  const blob = url.pathname.startsWith('/blobs/');
  return {
    kind: 'cdn',
    repository: undefined,
    reference: blob ? `${algorithm}:${hex}` : url.pathname.split('/').at(-1),
    url,
  };
}
