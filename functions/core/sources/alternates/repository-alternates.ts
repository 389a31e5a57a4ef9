import { observedReader } from '../../bytes/observed-reader.ts';
import { withTimeout } from '../../concurrency/timeout.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type {
  BlobOpening,
  BlobRedirect,
  BlobSlice,
  ManifestGet,
  ManifestHead,
} from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Alternate, AlternateSource } from './alternate.ts';
import type { AlternateAnswer, Alternates } from './alternates.ts';
import {
  type AskRegistry,
  cancel,
  checkSize,
  type Exchange,
  isOpening,
  isRedirect,
  kindOf,
} from './exchange.ts';
import { planOf } from './plan.ts';
import { race } from './race.ts';

/** How long a client waits in all, in ms: containerd gives up after 30 s. */
const longestWait = 25_000;

/** The repository for whose request or fill the alternates are asked. */
export interface AlternatesUser {
  readonly repository: Repository;
  readonly isBackground: boolean;
  upstreamCalls: number;
}

/** The registry and its alternates for one repository: for one client's request or one fill. */
export class RepositoryAlternates {
  readonly #user: AlternatesUser;
  readonly #alternates: Alternates;
  /** How often bodies of the registry broke off. */
  readonly #breaks = new Map<Digest, number>();
  /** Who sent bytes of a blob. */
  readonly #senders = new Map<Digest, Set<Alternate>>();

  constructor(user: AlternatesUser, alternates: Alternates) {
    this.#user = user;
    this.#alternates = alternates;
  }

  /** True if an alternate recently answered about the repository. */
  get areTrusted(): boolean {
    return this.#alternates.isTrusted(this.#user.repository);
  }

  /** True if an alternate would be asked for a manifest now. */
  get havePulls(): boolean {
    return this.#alternates.hasPullsFor(this.#user.repository);
  }

  /** True if they may say what a tag names that the registry never named. */
  get forUnseenTags(): boolean {
    return this.#alternates.forUnseenTags;
  }

  /** Waits for work that another request may have begun. Rejects when a client waited long enough. */
  async follow<Result>(work: Promise<Result>): Promise<Result> {
    const inTime = await withTimeout(
      longestWait,
      work.then((value) => ({ value })),
    );
    if (inTime !== undefined) return inTime.value;
    const { registry } = this.#user.repository;
    throw new UpstreamError('timeout', `${registry}: neither it nor an alternate answered in time`);
  }

  /** GET of a manifest; `isNamed` says whether the registry names this digest. */
  getManifest(
    digest: Digest,
    state: Exchange<ManifestGet>['state'],
    registry: AskRegistry<ManifestGet>,
    isNamed: () => Promise<boolean>,
  ): Promise<ManifestGet> {
    return this.#exchange<ManifestGet>({
      digest,
      state,
      isPull: true,
      registry,
      alternate: (source) => source.getManifest({ kind: 'digest', digest }),
      permit: async () => {
        if (await isNamed()) return;
        throw new UpstreamError('unavailable', `${digest} was not named by its registry`);
      },
    });
  }

  /** GET of a manifest by a tag that the registry never named, from the alternates only. */
  async getTag(tag: string): Promise<AlternateAnswer<ManifestGet>> {
    const answer = await this.#ask(`tag ${tag}`, new AbortController().signal, true, (source) =>
      source.getManifest({ kind: 'tag', tag }),
    );
    this.#alternates.used('manifest', answer.alternate);
    return answer;
  }

  /** Whether an alternate has a manifest now. Does not reject. */
  async has(digest: Digest): Promise<boolean> {
    const { signal } = new AbortController();
    try {
      const reference = { kind: 'digest', digest } as const;
      await this.#ask<ManifestHead | ManifestGet>(digest, signal, false, async (source) => {
        const head = await source.headManifest(reference);
        // ECR Public answers no HEAD.
        return head.kind === 'unsupported' ? source.getManifest(reference) : head;
      });
      return true;
    } catch {
      return false;
    }
  }

  /** GET of a blob that a manifest of the repository names; `size` is that manifest's. */
  openBlob(
    digest: Digest,
    slice: BlobSlice,
    size: number | undefined,
    state: Exchange<BlobOpening>['state'],
    registry: AskRegistry<BlobOpening>,
  ): Promise<BlobOpening> {
    return this.#exchange<BlobOpening>({
      digest,
      state,
      isPull: false,
      registry: async (signal) => this.#fromRegistry(digest, await registry(signal)),
      alternate: async (source) => checkSize(await source.openBlob(digest, slice), size, digest),
      drop: cancel,
    });
  }

  /** The redirect of a blob that a manifest of the repository names. */
  async locateBlob(
    digest: Digest,
    state: Exchange<BlobRedirect>['state'],
    registry: AskRegistry<BlobRedirect>,
  ): Promise<BlobRedirect> {
    return this.#exchange<BlobRedirect>({
      digest,
      state,
      isPull: false,
      registry,
      alternate: async (source) => {
        const location = await source.locateBlob(digest);
        const isFound = location.kind === 'direct' || location.kind === 'redirect';
        return isFound ? { ...location, isOfAlternate: true } : location;
      },
    });
  }

  /** GET of a blob at an alternate's redirect; undefined if the URL is the registry's. */
  openLocated(url: string, digest: Digest, slice: BlobSlice): Promise<BlobOpening> | undefined {
    const { repository, isBackground } = this.#user;
    const request = { isBackground, signal: new AbortController().signal };
    const located = this.#alternates.atLocation(url, repository, request);
    if (located === undefined) return undefined;
    const { alternate, source } = located;
    return source.openLocated(url, digest, slice).then((opening) => {
      this.#user.upstreamCalls += source.upstreamCalls;
      return this.#measured(digest, alternate, opening);
    });
  }

  /** Notes that a blob had wrong bytes; true if an alternate sent some of them. */
  wrongBytes(digest: Digest): boolean {
    const senders = this.#senders.get(digest) ?? [];
    for (const alternate of senders) {
      this.#alternates.wrongBytes(alternate, this.#user.repository, digest);
    }
    return this.hasSent(digest);
  }

  /** True if an alternate sent bytes of this blob. */
  hasSent(digest: Digest): boolean {
    return this.#senders.has(digest);
  }

  async #exchange<Result extends { readonly kind: string }>(
    exchange: Exchange<Result>,
  ): Promise<Result> {
    const { digest, isPull, registry, permit } = exchange;
    const state = exchange.state;
    const breaks = this.#breaks.get(digest) ?? 0;
    const isResting = state.isResting || this.#alternates.isRegistrySlow;
    const plan = planOf({ ...state, isResting, breaks });
    let answer: AlternateAnswer<Result> | undefined;
    const alternates = async (signal: AbortSignal): Promise<Result> => {
      await permit?.();
      const found = await this.#ask(digest, signal, isPull, exchange.alternate);
      if (signal.aborted) exchange.drop?.(found.result);
      signal.throwIfAborted();
      answer = found;
      return found.result;
    };
    const isRegistryFirst = plan.first === 'registry';
    const [first, second] = isRegistryFirst ? [registry, alternates] : [alternates, registry];
    const end = await race(first, second, plan.wait, (unused) => exchange.drop?.(unused));
    if (end.winner === undefined) throw isRegistryFirst ? end.errors.first : end.errors.second;
    const isOfRegistry = (end.winner === 'first') === isRegistryFirst;
    if (isOfRegistry && this.#mayLack(exchange, end.value)) {
      await alternates(new AbortController().signal).catch(() => undefined);
    } else if (isOfRegistry) {
      if (breaks === 0) this.#alternates.used(kindOf(exchange), undefined);
      return end.value;
    }
    if (isRegistryFirst && end.lateFirst) this.#alternates.registryLost();
    return answer === undefined ? end.value : this.#note(exchange, answer);
  }

  /** Only an alternate may have the blobs of an image that only an alternate named. */
  #mayLack({ isPull }: { isPull: boolean }, { kind }: { kind: string }): boolean {
    return this.forUnseenTags && !isPull && (kind === 'absent' || kind === 'denied');
  }

  /** Notes that an alternate's answer is used. */
  #note<Result extends { readonly kind: string }>(
    exchange: Exchange<Result>,
    { alternate, result }: AlternateAnswer<Result>,
  ): Result {
    const { digest } = exchange;
    this.#alternates.used(kindOf(exchange), alternate);
    if (isRedirect(result)) this.#alternates.located(result.url, alternate);
    return isOpening(result) ? (this.#measured(digest, alternate, result) as Result) : result;
  }

  #ask<Result extends { readonly kind: string }>(
    subject: string,
    signal: AbortSignal,
    isPull: boolean,
    ask: (source: AlternateSource) => Promise<Result>,
  ): Promise<AlternateAnswer<Result>> {
    const { repository, isBackground } = this.#user;
    const sent = (calls: number) => {
      this.#user.upstreamCalls += calls;
    };
    return this.#alternates.ask({ repository, subject, isPull, isBackground, signal, ask, sent });
  }

  /** Counts a body of the registry that breaks off; silence counts twice. */
  #fromRegistry(digest: Digest, opening: BlobOpening): BlobOpening {
    if (opening.kind !== 'found') return opening;
    const body = observedReader(opening.body, this.#alternates.now, ({ error }) => {
      if (error === undefined) return;
      const weight = error instanceof UpstreamError && error.kind === 'timeout' ? 2 : 1;
      this.#breaks.set(digest, (this.#breaks.get(digest) ?? 0) + weight);
    });
    return { ...opening, body };
  }

  #measured(digest: Digest, alternate: Alternate, opening: BlobOpening): BlobOpening {
    if (opening.kind !== 'found') return opening;
    const senders = this.#senders.get(digest) ?? new Set();
    this.#senders.set(digest, senders.add(alternate));
    const body = observedReader(opening.body, this.#alternates.now, (arrival) =>
      this.#alternates.arrived(alternate, arrival),
    );
    return { ...opening, body };
  }
}
