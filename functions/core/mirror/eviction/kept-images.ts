import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { GoneTag, PulledManifest, TagRecord } from '../../ports/manifest-store.ts';
import { emptyTagState } from '../../ports/tag-state-text.ts';
import type { TagState } from '../../ports/tag-states.ts';
import type { UpstreamPolicy } from '../../sources/upstream-policy.ts';
import { isCurrent } from '../../tag-policy/cooldown.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import { historyOf } from '../../tag-policy/history.ts';
import { rulesOf } from '../../tag-policy/tag-rule.ts';
import type { Context } from '../context.ts';
import { refusalOf } from '../tags/tag-record.ts';

/** Why eviction spares an image. */
export type Keeping =
  /** It is pinned, or a rule or a person has a tag name it. */
  | 'always'
  /** A tag named it, and `keep.age` is not over. */
  | 'history';

/** What is kept of a repository, by the digests of manifests. */
interface KeptDigests {
  readonly always: ReadonlySet<Digest>;
  /** When a tag last named it, in ms since 1970. */
  readonly history: ReadonlyMap<Digest, number>;
  /** What tags name that their upstream has. */
  readonly current: ReadonlySet<Digest>;
}

const nothing: KeptDigests = { always: new Set(), history: new Map(), current: new Set() };

/** The shortest time for which any registry's images are kept, in ms; undefined: none has one. */
export function shortestAge({ sources }: Pick<Context, 'sources'>): number | undefined {
  let shortest: number | undefined;
  for (const { keep } of sources.policies.values()) {
    if (keep.age === undefined || (shortest !== undefined && shortest <= keep.age)) continue;
    shortest = keep.age;
  }
  return shortest;
}

/**
 * The images that eviction keeps. What a repository's tags say is read once in a run, when the first of its
 * images is considered.
 */
export class KeptImages {
  readonly #context: Context;
  readonly #repositories = new Map<string, Promise<KeptDigests>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Whether an image must be kept now. Rejects if the index fails: nothing is evicted then. */
  async keeping({ repository, digest, pulled }: PulledManifest): Promise<Keeping | undefined> {
    const { always, history } = await this.#of(repository);
    if (always.has(digest)) return 'always';
    const named = history.get(digest);
    const age = this.#policyOf(repository)?.keep.age;
    if (named === undefined || age === undefined) return undefined;
    return Math.max(named, pulled) + age > this.#context.runtime.now() ? 'history' : undefined;
  }

  /** Whether an image was not pulled for as long as its registry's images are kept. */
  async isAged(image: PulledManifest): Promise<boolean> {
    const age = this.#policyOf(image.repository)?.keep.age;
    if (age === undefined || image.pulled + age > this.#context.runtime.now()) return false;
    return (await this.keeping(image)) === undefined;
  }

  /** Whether an image that is gone upstream was served for as long as the policy says. */
  async isExpired({ repository, digest, since }: GoneTag): Promise<boolean> {
    const policy = this.#policyOf(repository);
    if (policy?.keep.age === undefined) return false;
    const keepFor = policy.onDeleted === 'refuse' ? 0 : policy.onDeleted.keepFor;
    if (since + keepFor > this.#context.runtime.now()) return false;
    const { always, current } = await this.#of(repository);
    return !always.has(digest) && !current.has(digest);
  }

  #policyOf({ registry }: Repository): UpstreamPolicy | undefined {
    return this.#context.sources.policies.get(registry);
  }

  #of(repository: Repository): Promise<KeptDigests> {
    const key = repositoryKey(repository);
    const known = this.#repositories.get(key) ?? this.#read(repository);
    this.#repositories.set(key, known);
    return known;
  }

  async #read(repository: Repository): Promise<KeptDigests> {
    const policy = this.#policyOf(repository);
    if (policy === undefined) return nothing;
    const { manifests } = this.#context.ports;
    const states = new Map<string, TagState>();
    for (const { tag, state } of await manifests.listTagStates(repository)) states.set(tag, state);
    const { tags: rules, keep } = policy;
    const isRuled = rules.length > 0 || keep.age !== undefined || keep.pins.length > 0;
    if (!isRuled && states.size === 0) return nothing;
    const kept = new DigestsOfTags(this.#context, repository, policy);
    const all = { limit: undefined, last: undefined };
    const tags = isRuled ? (await manifests.listTags(repository, all)).entries : [];
    for (const tag of new Set([...tags, ...states.keys()])) {
      const record = await manifests.getTag(repository, tag, 'eventual');
      kept.add(tag, record, states.get(tag) ?? emptyTagState);
    }
    return kept.withChildren();
  }
}

/** Collects what the tags of one repository keep. */
class DigestsOfTags implements KeptDigests {
  readonly always = new Set<Digest>();
  readonly history = new Map<Digest, number>();
  readonly current = new Set<Digest>();
  readonly #context: Context;
  readonly #repository: Repository;
  readonly #policy: UpstreamPolicy;

  constructor(context: Context, repository: Repository, policy: UpstreamPolicy) {
    this.#context = context;
    this.#repository = repository;
    this.#policy = policy;
  }

  add(tag: string, record: TagRecord | undefined, state: TagState): void {
    const { name } = this.#repository;
    const now = this.#context.runtime.now();
    const { keep, tags } = this.#policy;
    const isPinned =
      keep.pins.some((pin) => pin.test(name, tag)) ||
      (state.pinned !== undefined && isCurrent(state.pinned, now));
    if (isPinned && record !== undefined) this.always.add(record.digest);
    const decision = tagPolicy(record, state, rulesOf(tags, name, tag), { now });
    if (decision.kind === 'serve' && decision.digest !== undefined) {
      if (decision.reason.kind !== 'latest' || isPinned) this.always.add(decision.digest);
    }
    for (const { digest, last } of historyOf(record, state)) {
      this.history.set(digest, Math.max(last, this.history.get(digest) ?? 0));
    }
    if (record !== undefined && !refusalOf(record)?.isConfirmed) this.current.add(record.digest);
  }

  /** The same with the manifests of the indexes: clients pull those. */
  async withChildren(): Promise<KeptDigests> {
    for (const digest of [...this.always]) {
      for (const child of await this.#childrenOf(digest)) this.always.add(child);
    }
    for (const [digest, last] of [...this.history]) {
      for (const child of await this.#childrenOf(digest)) {
        this.history.set(child, Math.max(last, this.history.get(child) ?? 0));
      }
    }
    return this;
  }

  async #childrenOf(digest: Digest): Promise<readonly Digest[]> {
    const manifest = await this.#context.ports.manifests.getManifest(this.#repository, digest);
    const contents = manifest && readManifest(manifest);
    return (contents?.manifests ?? []).map((entry) => entry.digest);
  }
}
