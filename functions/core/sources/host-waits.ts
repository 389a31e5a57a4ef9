import { BoundedCache } from '../concurrency/bounded-cache.ts';
import { Interruptions, untilDeadline } from '../concurrency/interruptions.ts';
import type { Runtime } from '../ports/runtime.ts';
import { FetchError } from '../upstream/fetch-error.ts';
import {
  type AwaitedHost,
  type HostTiming,
  type Limit,
  noAnswer,
} from '../upstream/host-timing.ts';
import { hostKey, KnownHosts, type Place, type Wait } from './known-hosts.ts';
import {
  deadlineOf,
  isOverdue,
  probeLength,
  seemsSilent,
  shortWait,
  usualAfter,
} from './patience.ts';

/** How long a client's request waits for upstreams in all, in ms: containerd gives up after 30 s. */
const clientPatience = 27_000;

/** How long a repository that hangs at a host that answers gets no more than a short wait, in ms. */
const hangLife = 10_000;

/** Clients choose the names. */
const maxRepositories = 2_000;

/** A client's request that may wait for work that others began. */
interface WaitingClient {
  /** The repository's name. */
  readonly name: string;
  /** When it began to wait, in ms since 1970. */
  readonly began: number;
}

/**
 * The waits for the hosts of one upstream. `deadlineOf` decides how long each may take. While a host
 * seems silent, one request at a time is sent to it, as a probe. It goes on when its client has left, to
 * learn how long the host takes.
 */
export class HostWaits implements HostTiming {
  readonly #now: () => number;
  readonly #waitUntil: Runtime['waitUntil'];
  readonly #hosts: KnownHosts;
  readonly #hanging: BoundedCache<true>;
  readonly #waitsByName = new Map<string, Set<Wait>>();
  /** A host turned silent. */
  readonly #silences = new Interruptions();
  /** A request ended, whether with an answer or not. */
  readonly #ends = new Interruptions();

  constructor(runtime: Pick<Runtime, 'now' | 'waitUntil'>) {
    this.#now = () => runtime.now();
    this.#waitUntil = (work) => runtime.waitUntil(work);
    this.#hosts = new KnownHosts(this.#now);
    this.#hanging = new BoundedCache(maxRepositories, this.#now);
  }

  async send(
    at: AwaitedHost,
    { milliseconds: limit, message }: Limit,
    request: (signal: AbortSignal) => Promise<Response>,
  ): Promise<Response> {
    const began = this.#now();
    await this.#afterProbe(at, began, limit);
    const wait = this.#begin(at, limit);
    const late = wait.end < wait.since + limit ? noAnswer() : new FetchError('timeout', message);
    const answer = this.#exchange(wait, late, request);
    const deadline = () => {
      const end = deadlineOf(this.#hosts.timesOf(at, wait), began, limit);
      // The exchange has a timer for its own end.
      return end < began + limit ? end : undefined;
    };
    const end = await untilDeadline(answer, deadline, this.#silences, this.#now);
    if (end !== 'late') return end.value;
    const rest = answer.then((response) => response.body?.cancel());
    this.#waitUntil(rest.catch(() => undefined));
    throw noAnswer();
  }

  /**
   * Waits for work that another request may have begun: `late` when this client has waited long enough.
   * Rejects as the work does.
   */
  follow<Result>(
    client: WaitingClient,
    work: Promise<Result>,
  ): Promise<{ readonly value: Result } | 'late'> {
    // Looks again each second: the work may have to wait for another host by then.
    const deadline = () => Math.min(this.#deadlineOf(client), this.#now() + shortWait);
    return untilDeadline(work, deadline, this.#silences, this.#now);
  }

  /** True while the registry, or a token service, owes an answer or was silent a moment ago. */
  isOverdue(tokenService: string | undefined): boolean {
    const registry = { role: 'registry', host: '', isBlob: false } as const;
    if (isOverdue(this.#hosts.timesOf(registry), this.#now())) return true;
    if (tokenService === undefined) return false;
    const service = { role: 'token-service', host: tokenService, isBlob: false } as const;
    return isOverdue(this.#hosts.timesOf(service), this.#now());
  }

  /** Resolves when no other request probes the host, or when one showed that it answers. */
  async #afterProbe(at: Place, began: number, limit: number): Promise<void> {
    for (;;) {
      const now = this.#now();
      const times = this.#hosts.timesOf(at);
      if (times.waiting === undefined || !seemsSilent(times, now)) return;
      const left = deadlineOf(times, began, limit) - now;
      if ((await this.#ends.next(left)) === 'late') throw noAnswer();
    }
  }

  #begin(at: AwaitedHost, limit: number): Wait {
    const { name, isBackground } = at.remote;
    const host = this.#hosts.of(at);
    const since = this.#now();
    const isHanging = this.#hanging.get(repositoryKey(at)) === true;
    const { usual, silences } = host;
    const probing = silences === 0 ? limit : probeLength(usual, silences);
    const end = since + Math.min(limit, isHanging ? shortWait : probing);
    const wait = { at, host, since, end, owner: isBackground ? undefined : at.remote };
    // A repository that hangs says nothing about its host.
    if (!isHanging) host.waits.add(wait);
    const waits = this.#waitsByName.get(name) ?? new Set();
    this.#waitsByName.set(name, waits.add(wait));
    return wait;
  }

  /** Sends the request, and notes its answer or that there was none in time. */
  async #exchange(
    wait: Wait,
    late: FetchError,
    request: (signal: AbortSignal) => Promise<Response>,
  ): Promise<Response> {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(late);
        abort.abort();
      }, wait.end - wait.since);
    });
    try {
      const response = await Promise.race([request(abort.signal), timeout]);
      this.#answered(wait);
      return response;
    } catch (error) {
      const isTimeout = error instanceof FetchError && error.kind === 'timeout';
      throw isTimeout && this.#timedOut(wait) ? noAnswer(true) : error;
    } finally {
      clearTimeout(timer);
      this.#forget(wait);
      this.#ends.interrupt();
    }
  }

  #answered({ at, host, since }: Wait): void {
    const now = this.#now();
    host.usual = usualAfter(host.usual, Math.max(0, now - since));
    host.answered = now;
    host.silent = undefined;
    host.silences = 0;
    host.waits.clear();
    this.#hanging.delete(repositoryKey(at));
  }

  /** True if only the repository hangs: the host answered others since the request was sent. */
  #timedOut(wait: Wait): boolean {
    const { host, at } = wait;
    if (!host.waits.has(wait)) {
      this.#hanging.set(repositoryKey(at), true, hangLife);
      return true;
    }
    host.silent = this.#now();
    host.silences += 1;
    this.#silences.interrupt();
    return false;
  }

  #forget(wait: Wait): void {
    wait.host.waits.delete(wait);
    const { name } = wait.at.remote;
    const waits = this.#waitsByName.get(name);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waitsByName.delete(name);
  }

  /** Until when a client waits: what it has no part in may hold it up for a moment only. */
  #deadlineOf(client: WaitingClient): number {
    let deadline = client.began + clientPatience;
    for (const wait of this.#waitsByName.get(client.name) ?? []) {
      if (this.#now() > wait.end + shortWait) this.#forget(wait);
      wait.owner ??= client;
      const oldest = this.#hosts.oldestWait(wait.host);
      const isOwn = wait.owner === client || oldest?.owner === client;
      if (isOwn || !wait.host.waits.has(wait)) continue;
      // The work may have reached this host only now.
      const began = Math.max(client.began, wait.since);
      const end = deadlineOf(this.#hosts.timesOf(wait.at), began, clientPatience);
      deadline = Math.min(deadline, end);
    }
    return deadline;
  }
}

function repositoryKey(at: AwaitedHost): string {
  return `${hostKey(at)} ${at.remote.name}`;
}
