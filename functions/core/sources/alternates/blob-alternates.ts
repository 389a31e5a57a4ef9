import { observedReader } from '../../bytes/observed-reader.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobOpening, BlobRedirect, BlobSlice } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Alternate } from './alternate.ts';
import type { Alternates } from './alternates.ts';
import { type AskRegistry, cancel, checkSize, type Exchange } from './exchange.ts';
import type { AlternatesUser, RepositoryExchanges } from './repository-exchanges.ts';

/** The blobs of one repository at its registry and the alternates. */
export class BlobAlternates {
  readonly #user: AlternatesUser;
  readonly #alternates: Alternates;
  readonly #exchanges: RepositoryExchanges;
  /** How often bodies of the registry broke off. */
  readonly #breaks = new Map<Digest, number>();
  /** Who sent bytes of a blob. */
  readonly #senders = new Map<Digest, Set<Alternate>>();

  constructor(user: AlternatesUser, alternates: Alternates, exchanges: RepositoryExchanges) {
    this.#user = user;
    this.#alternates = alternates;
    this.#exchanges = exchanges;
  }

  /** GET of a blob that a manifest of the repository names; `size` is that manifest's. */
  open(
    digest: Digest,
    slice: BlobSlice,
    size: number | undefined,
    state: Exchange<BlobOpening>['state'],
    registry: AskRegistry<BlobOpening>,
  ): Promise<BlobOpening> {
    return this.#exchanges.run<BlobOpening>({
      digest,
      state,
      isPull: false,
      breaks: this.#breaks.get(digest),
      registry: async (signal) => this.#fromRegistry(digest, await registry(signal)),
      alternate: async (source) => checkSize(await source.openBlob(digest, slice), size, digest),
      accept: (opening, alternate) => this.#measured(digest, alternate, opening),
      drop: cancel,
    });
  }

  /** The redirect of a blob that a manifest of the repository names. */
  locate(
    digest: Digest,
    state: Exchange<BlobRedirect>['state'],
    registry: AskRegistry<BlobRedirect>,
  ): Promise<BlobRedirect> {
    return this.#exchanges.run<BlobRedirect>({
      digest,
      state,
      isPull: false,
      breaks: this.#breaks.get(digest),
      registry,
      alternate: async (source) => {
        const location = await source.locateBlob(digest);
        const isFound = location.kind === 'direct' || location.kind === 'redirect';
        return isFound ? { ...location, isOfAlternate: true } : location;
      },
      accept: (location, alternate) => {
        if (location.kind === 'redirect') this.#alternates.located(location.url, alternate);
        return location;
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
