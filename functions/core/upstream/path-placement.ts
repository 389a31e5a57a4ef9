import { essence } from '../oci/media-type.ts';
import type { RemoteRepository } from '../ports/upstream.ts';
import type { Connection } from './connection.ts';
import { type Answer, send, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';

/** The shortest time between two tries to find out, in ms. */
const interval = 60_000;

/**
 * Where the path of an upstream's URL belongs. `https://harbor.example/hub-proxy` is meant as the place of
 * the repositories (`/v2/hub-proxy/`), but other registries have `/v2/` below such a path. Their answers to
 * `/v2/` tell, and are asked for only when something is not found.
 */
export class PathPlacement {
  readonly #connection: Connection;
  /** Where the configuration says that `/v2/` is. */
  readonly #configured: string;
  /** True once it is known to be there. */
  #isSettled: boolean;
  #decision: { readonly isElsewhere: Promise<boolean>; readonly since: number } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { place, url } = connection;
    this.#configured = place.api;
    this.#isSettled = place.namePrefix !== '' || url.pathname === '/';
  }

  /** The request to send again after an answer, if the path belongs elsewhere; otherwise undefined. */
  async correct(
    request: UpstreamRequest,
    { response, moved }: Answer,
  ): Promise<UpstreamRequest | undefined> {
    const { href } = request.url;
    if (this.#isSettled || moved || !href.startsWith(this.#configured)) return undefined;
    if (response.status !== 404 && !isWebPage(response)) {
      this.#isSettled = response.status < 400;
      return undefined;
    }
    if (!(await this.#isElsewhere(request.remote))) return undefined;
    const { api, namePrefix } = this.#connection.place;
    return {
      ...request,
      url: new URL(`${api}${namePrefix}${href.slice(this.#configured.length)}`),
    };
  }

  #isElsewhere(remote: RemoteRepository): Promise<boolean> {
    const now = this.#connection.runtime.now();
    const age = now - (this.#decision?.since ?? Number.NEGATIVE_INFINITY);
    if (this.#decision === undefined || age < 0 || age >= interval) {
      this.#decision = { isElsewhere: this.#decide(remote), since: now };
    }
    return this.#decision.isElsewhere;
  }

  async #decide(remote: RemoteRepository): Promise<boolean> {
    const { place, url } = this.#connection;
    if (place.api !== this.#configured) return true;
    if (await this.#isRegistry(remote, this.#configured)) {
      this.#isSettled = true;
      return false;
    }
    const root = `${url.origin}/v2/`;
    if (!(await this.#isRegistry(remote, root))) return false;
    place.api = root;
    place.namePrefix = `${url.pathname.replace(/^\/+|\/+$/g, '')}/`;
    return true;
  }

  /** False also if there is no answer. */
  async #isRegistry(remote: RemoteRepository, api: string): Promise<boolean> {
    const request = { purpose: 'ping', method: 'GET', remote, url: new URL(api) } as const;
    const answer = await send(this.#connection, request, undefined).catch(() => undefined);
    if (answer === undefined) return false;
    await discard(answer.response);
    const { status } = answer.response;
    return !answer.moved && (status === 200 || status === 401) && !isWebPage(answer.response);
  }
}

function isWebPage({ headers }: Response): boolean {
  return essence(headers.get('content-type') ?? '') === 'text/html';
}
