import type { Client } from '../../clients/clients.ts';
import { BoundedCache } from '../../concurrency/bounded-cache.ts';
import { SingleFlight } from '../../concurrency/single-flight.ts';
import { type Repository, repositoryKey, repositoryOf } from '../../oci/repository.ts';
import { type PublicRepositories, publicLife } from '../../ports/public-repositories.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Tolerant } from '../../ports/tolerate.ts';
import type { Upstream } from '../../ports/upstream.ts';
import type { Source } from '../source.ts';
import type { Unobtained } from '../unobtained.ts';
import { type AccessRules, isReader } from './access-rules.ts';
import {
  type Asked,
  askedKey,
  checkPublic,
  checkTags,
  type PublicVerdict,
} from './public-check.ts';

/** How long a repository counts as public before the registry is asked again, in ms. */
const publicFor = 86_400_000;

/** How long it is remembered that content is served to anonymous clients, or not, in ms. */
const openLife = 3_600_000;
const refusedLife = 20_000;

/** The shortest time between two GETs that import the same reference at a cache, in ms. */
const importInterval = 60_000;

/** How many repositories, and references in them, are remembered. */
const mostRemembered = 10_000;

/** The shortest time between two reports about a registry, in ms: clients choose the names. */
const reportInterval = 60_000;

/** What a client gets that may not read a repository: the same whether the repository exists or not. */
const hidden: Unobtained = { kind: 'denied' };

/** A repository at its upstream, for one client's request. */
export type GuardedSource = Pick<
  Source,
  | 'access'
  | 'client'
  | 'follow'
  | 'isWellKnown'
  | 'key'
  | 'name'
  | 'recentFailure'
  | 'repository'
  | 'unobtainable'
  | 'upstreamCalls'
>;

interface AccessPlatform {
  readonly index: Tolerant<PublicRepositories>;
  readonly runtime: Pick<Runtime, 'now' | 'observe' | 'waitUntil'>;
}

/**
 * Which repositories of upstreams with accounts a client may read: those that an account opens to its
 * networks, and public ones, that the registry serves to anonymous clients.
 */
export class Access {
  readonly #platform: AccessPlatform;
  /** When repositories were last seen to be public, in ms since 1970. */
  readonly #public: BoundedCache<number>;
  readonly #open: BoundedCache<true>;
  readonly #refused: BoundedCache<true>;
  readonly #imports: BoundedCache<true>;
  readonly #reported: BoundedCache<true>;
  readonly #checks: SingleFlight<PublicVerdict>;

  constructor(platform: AccessPlatform) {
    this.#platform = platform;
    const now = () => platform.runtime.now();
    this.#public = new BoundedCache(mostRemembered, now);
    this.#open = new BoundedCache(mostRemembered, now);
    this.#refused = new BoundedCache(mostRemembered, now);
    this.#imports = new BoundedCache(mostRemembered, now);
    this.#reported = new BoundedCache(1_000, now);
    this.#checks = new SingleFlight(platform.runtime);
  }

  /**
   * Undefined if the client may read what it asks for. Else a promise of the reason why not, or of
   * undefined if the registry says that it may.
   */
  refusal(source: GuardedSource, asked: Asked): Promise<Unobtained | undefined> | undefined {
    const { access } = source;
    if (access === undefined || this.#isKnownPublic(source.key)) return undefined;
    if (isReader(access, source.name, source.client)) return undefined;
    return this.#judge(source, access.anonymous, asked);
  }

  /** True if this instance knows that anonymous clients may read the repository. */
  isPublic(repository: Repository): boolean {
    return this.#isKnownPublic(repositoryKey(repository));
  }

  /** Reads whether another instance saw that the repository is public, if this one does not know. */
  async recall(repository: Repository): Promise<void> {
    if (this.isPublic(repository)) return;
    const [found] = (await this.#platform.index.getPublic([repository])) ?? [];
    if (found !== undefined) this.#remember(found.key, found.seen);
  }

  /** Those of these repositories, as `docker.io/library/alpine`, that the client may see in a list. */
  async listable(
    keys: readonly string[],
    rulesOf: (registry: string) => AccessRules | undefined,
    client: Client | undefined,
  ): Promise<readonly string[]> {
    const isOpen = (key: string) => {
      const { registry, name } = repositoryOf(key);
      const rules = rulesOf(registry);
      return rules === undefined || isReader(rules, name, client);
    };
    const others = keys.filter((key) => !isOpen(key));
    if (others.length === 0) return keys;
    const unknown = others.filter((key) => this.#public.get(key) === undefined);
    const found = await this.#platform.index.getPublic(unknown.map(repositoryOf));
    for (const { key, seen } of found ?? []) this.#remember(key, seen);
    const hiding = new Set(others.filter((key) => this.#public.get(key) === undefined));
    return keys.filter((key) => !hiding.has(key));
  }

  async #judge(
    source: GuardedSource,
    anonymous: Upstream | undefined,
    asked: Asked,
  ): Promise<Unobtained | undefined> {
    if (anonymous === undefined) return hidden;
    const key = `${source.key} ${askedKey(asked)}`;
    if (this.#open.get(key) !== undefined) return undefined;
    if (this.#refused.get(key) !== undefined) return hidden;
    const last = await this.#lastSeen(source);
    // Clients with a copy do not wait for a registry that fails.
    const mayUseLast = last !== undefined && source.recentFailure !== undefined;
    if (mayUseLast || this.#isFresh(last)) return undefined;
    const check = () => this.#check(source, anonymous, asked, last, key);
    try {
      const verdict = await source.follow(this.#checks.run(key, check));
      return verdict === 'public' || verdict === 'open' ? undefined : hidden;
    } catch (error) {
      if (last !== undefined) return undefined;
      return this.#unproven(source, anonymous, error, key);
    }
  }

  /** The outcome if the registry proved nothing, and never proved anything before. */
  #unproven(
    source: GuardedSource,
    anonymous: Upstream,
    error: unknown,
    key: string,
  ): Unobtained | undefined {
    const failure = source.unobtainable(error);
    if (failure.kind !== 'unobtainable' || failure.error.kind !== 'limited') return failure;
    if (anonymous.grantsPull?.(source.name) === true) {
      this.#open.set(key, true, refusedLife);
      return undefined;
    }
    const { registry } = source.repository;
    if (this.#reported.get(registry) === undefined) {
      this.#reported.set(registry, true, reportInterval);
      const reason = failure.error.message;
      this.#platform.runtime.observe({
        kind: 'unproven-public',
        registry,
        repository: source.key,
        reason,
      });
    }
    return hidden;
  }

  async #check(
    source: GuardedSource,
    anonymous: Upstream,
    asked: Asked,
    last: number | undefined,
    key: string,
  ): Promise<PublicVerdict> {
    const mayImport = () => this.#mayImport(source, key);
    const verdict = await checkPublic(anonymous, source, asked, mayImport);
    const { repository } = source;
    const { index, runtime } = this.#platform;
    if (verdict === 'public') {
      const now = runtime.now();
      this.#remember(source.key, now);
      runtime.waitUntil(index.putPublic(repository, now));
    } else if (verdict === 'open') {
      this.#open.set(key, true, openLife);
    } else {
      this.#refused.set(key, true, refusedLife);
      if (last !== undefined && (await this.#isGone(source, anonymous, verdict))) {
        this.#public.delete(source.key);
        await index.removePublic(repository);
      }
    }
    return verdict;
  }

  /**
   * True if a GET may be sent because the registry may be a cache: any that is not known by name. Instances
   * do not wait for one another: one that missed the turn of another would answer 404 to its client.
   */
  #mayImport({ isWellKnown }: GuardedSource, key: string): boolean {
    if (isWellKnown || this.#imports.get(key) !== undefined) return false;
    this.#imports.set(key, true, importInterval);
    return true;
  }

  /** True if a repository that was public no longer is. A tag that is absent does not prove it. */
  async #isGone(
    source: GuardedSource,
    anonymous: Upstream,
    verdict: 'absent' | 'denied',
  ): Promise<boolean> {
    if (verdict === 'denied') return true;
    const tags = await checkTags(anonymous, source).catch(() => undefined);
    return tags === 'absent' || tags === 'denied';
  }

  /** When the repository was last seen to be public by any instance, in ms since 1970. */
  async #lastSeen({ repository, key }: GuardedSource): Promise<number | undefined> {
    const known = this.#public.get(key);
    const [found] = (await this.#platform.index.getPublic([repository])) ?? [];
    if (found !== undefined) this.#remember(repositoryKey(repository), found.seen);
    return found === undefined ? known : Math.max(found.seen, known ?? 0);
  }

  #remember(key: string, seen: number): void {
    this.#public.set(key, seen, seen + publicLife - this.#platform.runtime.now());
  }

  #isKnownPublic(key: string): boolean {
    const now = this.#platform.runtime.now();
    return this.#isFresh(this.#public.get(key, now), now);
  }

  #isFresh(seen: number | undefined, now = this.#platform.runtime.now()): boolean {
    return seen !== undefined && now < seen + publicFor;
  }
}
