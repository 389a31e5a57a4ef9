import { withTimeout } from '../../concurrency/timeout.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ManifestGet, ManifestHead } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { AlternateAnswer, Alternates } from './alternates.ts';
import { BlobAlternates } from './blob-alternates.ts';
import type { AskRegistry, Exchange } from './exchange.ts';
import { type AlternatesUser, RepositoryExchanges } from './repository-exchanges.ts';

/** How long a client waits in all, in ms: containerd gives up after 30 s. */
const longestWait = 25_000;

/** The registry and its alternates for one repository: for one client's request or one fill. */
export class RepositoryAlternates {
  readonly #user: AlternatesUser;
  readonly #alternates: Alternates;
  readonly #exchanges: RepositoryExchanges;
  readonly blobs: BlobAlternates;

  constructor(user: AlternatesUser, alternates: Alternates) {
    this.#user = user;
    this.#alternates = alternates;
    this.#exchanges = new RepositoryExchanges(user, alternates);
    this.blobs = new BlobAlternates(user, alternates, this.#exchanges);
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
    return this.#exchanges.run<ManifestGet>({
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
    const answer = await this.#exchanges.ask(
      `tag ${tag}`,
      new AbortController().signal,
      true,
      (source) => source.getManifest({ kind: 'tag', tag }),
    );
    this.#alternates.used('manifest', answer.alternate);
    return answer;
  }

  /** Whether an alternate has a manifest now. Does not reject. */
  async has(digest: Digest): Promise<boolean> {
    const { signal } = new AbortController();
    try {
      const reference = { kind: 'digest', digest } as const;
      await this.#exchanges.ask<ManifestHead | ManifestGet>(
        digest,
        signal,
        false,
        async (source) => {
          const head = await source.headManifest(reference);
          // ECR Public answers no HEAD.
          return head.kind === 'unsupported' ? source.getManifest(reference) : head;
        },
      );
      return true;
    } catch {
      return false;
    }
  }
}
