import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { AwaitedHost } from '../upstream/host-timing.ts';
import { type AnswerTimes, shortWait } from './patience.ts';

/** Redirects and realms choose the hosts. */
const maxHosts = 200;

/** A request that a host has not answered yet. */
export interface Wait {
  readonly at: AwaitedHost;
  readonly host: Host;
  readonly since: number;
  /** When it is over at the latest, in ms since 1970: a platform may stop its timers. */
  readonly end: number;
  /** The client that waits for it until its end; undefined if it has none so far. */
  owner: object | undefined;
}

/** What was seen of a host: for its blobs, or for all else. */
export interface Host {
  usual: number | undefined;
  answered: number | undefined;
  silent: number | undefined;
  /** How many requests it did not answer since its last answer. */
  silences: number;
  /** The requests that were sent since its last answer, oldest first. */
  readonly waits: Set<Wait>;
}

/** A host, and what is requested from it. */
export type Place = Omit<AwaitedHost, 'remote'>;

/** What one instance saw of the hosts of an upstream. */
export class KnownHosts {
  readonly #now: () => number;
  readonly #hosts: BoundedCache<Host>;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
    this.#hosts = new BoundedCache(maxHosts, now);
  }

  /** The record of a host, which may be new. */
  of(at: Place): Host {
    const key = hostKey(at);
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    const times = { usual: undefined, answered: undefined, silent: undefined, silences: 0 };
    const host = { ...times, waits: new Set<Wait>() };
    this.#hosts.set(key, host);
    return host;
  }

  /** What is known of a host: for a new request, or for one that was sent to it. */
  timesOf(at: Place, own?: Wait): AnswerTimes {
    const host = own?.host ?? this.of(at);
    const { usual, answered, silent } = host;
    const isOld = own !== undefined && !host.waits.has(own);
    const oldest = isOld ? undefined : this.oldestWait(host);
    const waiting = oldest === own ? undefined : oldest?.since;
    if (!at.isBlob) return { usual, answered, silent, waiting };
    // Blobs may hang where manifests do not; the other way around is unlikely.
    const rest = this.of({ ...at, isBlob: false });
    const isNewer = (time: number | undefined) => time !== undefined && time > (answered ?? 0);
    // What else it answers while a blob is awaited says nothing about blobs.
    const answeredRest = Math.min(rest.answered ?? 0, waiting ?? Number.POSITIVE_INFINITY);
    const oldestOfRest = this.oldestWait(rest)?.since;
    return {
      usual: usual ?? rest.usual,
      answered: Math.max(answered ?? 0, answeredRest),
      silent: silent ?? (isNewer(rest.silent) ? rest.silent : undefined),
      waiting: waiting ?? (own === undefined && isNewer(oldestOfRest) ? oldestOfRest : undefined),
    };
  }

  /** The oldest request that shows a host's silence; undefined if there is none. */
  oldestWait(host: Host): Wait | undefined {
    for (const wait of host.waits) {
      if (this.#now() < wait.end + shortWait) return wait;
      host.waits.delete(wait);
    }
    return undefined;
  }
}

/** The key of a host's record. */
export function hostKey({ role, host, isBlob }: Place): string {
  // A registry is one, under whichever of its names it was asked.
  return `${role === 'registry' ? role : `${role} ${host}`} ${isBlob ? 'blobs' : 'rest'}`;
}
