import type { Arrival } from '../../bytes/observed-reader.ts';
import { BoundedCache } from '../../concurrency/bounded-cache.ts';
import { withTimeout } from '../../concurrency/timeout.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Runtime } from '../../ports/runtime.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { type Alternate, type AlternateSource, alternateOf, placeAt } from './alternate.ts';
import {
  afterAnswer,
  afterBlob,
  afterFailure,
  type Measured,
  orderOf,
  unmeasured,
} from './order.ts';

/** How long one alternate may take before the next one is asked, in ms. */
const patience = 4_000;

/** How long an alternate is not asked again for what it does not have, and for what it sent wrong, in ms. */
const lackLife = 60_000;
const wrongLife = 600_000;

/** How long the alternates are asked first after one of them was faster than the registry, in ms. */
const slowLife = 10_000;

/** How long an answer shows that an alternate has a repository, in ms. */
const trustLife = 30_000;

/** Redirects of blobs, by URL, and clients choose the names. */
const mostRemembered = 2_000;

/** How long a redirect's alternate is remembered, in ms. */
const locationLife = 600_000;

/** What alternates need from their surroundings. */
export interface AlternatesOptions {
  /** The registry that they stand for. */
  readonly registry: string;
  readonly entries: readonly string[];
  /** Whether they may say what a tag names that the registry never named. */
  readonly forUnseenTags: boolean;
  /** Undefined if every repository may be named to them. */
  readonly isPublic: ((repository: Repository) => boolean) | undefined;
  readonly runtime: Pick<Runtime, 'now' | 'observe'>;
  /** Opens a repository at an alternate; undefined if its registry has no client. */
  open(repository: Repository, request: AlternateRequest): AlternateSource | undefined;
}

/** For what a repository is opened at an alternate. */
export interface AlternateRequest {
  readonly isBackground: boolean;
  readonly signal: AbortSignal;
}

/** What is asked of the alternates. */
export interface Question<Result> extends AlternateRequest {
  readonly repository: Repository;
  /** The digest or tag. */
  readonly subject: string;
  /** True if registries count it as a pull. */
  readonly isPull: boolean;
  ask(source: AlternateSource): Promise<Result>;
  /** Counts requests that were sent. */
  sent(calls: number): void;
}

/** A good answer, and whose it is. */
export interface AlternateAnswer<Result> {
  readonly alternate: Alternate;
  readonly source: AlternateSource;
  readonly result: Result;
}

/** The alternates of one registry, and what this instance measured of them. */
export class Alternates {
  readonly forUnseenTags: boolean;
  /** Ms since 1970. */
  readonly now: () => number;
  readonly #options: AlternatesOptions;
  readonly #alternates: readonly { readonly alternate: Alternate; measured: Measured }[];
  readonly #lacks: BoundedCache<true>;
  readonly #trusted: BoundedCache<true>;
  readonly #locations: BoundedCache<Alternate>;
  #slow = Number.NEGATIVE_INFINITY;
  readonly #used = new Map<'manifest' | 'blob', string | undefined>();

  constructor(options: AlternatesOptions) {
    const now = () => options.runtime.now();
    this.now = now;
    this.#options = options;
    this.forUnseenTags = options.forUnseenTags;
    this.#alternates = options.entries.map((entry) => ({
      alternate: alternateOf(entry),
      measured: unmeasured,
    }));
    this.#lacks = new BoundedCache(mostRemembered, now);
    this.#trusted = new BoundedCache(mostRemembered, now);
    this.#locations = new BoundedCache(mostRemembered, now);
  }

  /** False for a repository whose name must not be sent to other registries. */
  mayAsk(repository: Repository): boolean {
    return this.#options.isPublic?.(repository) ?? true;
  }

  /** True if a request just showed that the registry is slower than an alternate. */
  get isRegistrySlow(): boolean {
    const age = this.#options.runtime.now() - this.#slow;
    return age >= 0 && age < slowLife;
  }

  /** An alternate was faster than the registry, although it was asked later. */
  registryLost(): void {
    this.#slow = this.#options.runtime.now();
  }

  /** True if an alternate recently answered about a repository. */
  isTrusted({ name }: Repository): boolean {
    return this.#trusted.get(name) !== undefined;
  }

  /** True if an alternate would be asked for a manifest of this repository now. */
  hasPullsFor(repository: Repository): boolean {
    const request = { isBackground: false, signal: new AbortController().signal };
    return this.#alternates.some(({ alternate }) => {
      const place = placeAt(alternate, repository);
      const source = place && this.#options.open(place, request);
      return source !== undefined && (source.recentFailure ?? source.pullLimit) === undefined;
    });
  }

  /** Asks one alternate after another, until one has a good answer. Rejects if none has. */
  async ask<Result extends { readonly kind: string }>(
    question: Question<Result>,
  ): Promise<AlternateAnswer<Result>> {
    const { repository, subject } = question;
    const order = orderOf(this.#alternates.map(({ measured }) => measured));
    let failure: unknown;
    for (const position of order) {
      question.signal.throwIfAborted();
      const known = this.#alternates[position];
      const lack = `${known?.alternate.entry} ${repository.name} ${subject}`;
      if (known === undefined || this.#lacks.get(lack) !== undefined) continue;
      const isLast = position === order.at(-1);
      try {
        const answer = await this.#askOne(known.alternate, question, isLast);
        if (answer === undefined) continue;
        const { milliseconds, ...found } = answer;
        if (found.result.kind === 'absent' || found.result.kind === 'denied') {
          this.#lacks.set(lack, true, lackLife);
          continue;
        }
        known.measured = afterAnswer(known.measured, milliseconds);
        this.#trusted.set(repository.name, true, trustLife);
        return found;
      } catch (error) {
        if (question.signal.aborted) throw error;
        known.measured = afterFailure(known.measured);
        if (error instanceof UpstreamError && error.kind === 'invalid') {
          this.#lacks.set(lack, true, wrongLife);
        }
        failure = error;
      }
    }
    throw (
      failure ?? new UpstreamError('unavailable', `${repository.registry}: no alternate has it`)
    );
  }

  /** An answer of an alternate was used; undefined: one of the registry again. */
  used(purpose: 'manifest' | 'blob', alternate: Alternate | undefined): void {
    const { registry, runtime } = this.#options;
    const entry = alternate?.entry;
    const isChange = entry !== this.#used.get(purpose);
    this.#used.set(purpose, entry);
    if (entry === undefined && !isChange) return;
    runtime.observe({ kind: 'alternate-used', registry, purpose, alternate: entry, isChange });
  }

  /** An alternate's bytes had another digest: it is not asked for this blob again for a while. */
  wrongBytes({ entry }: Alternate, { name }: Repository, digest: string): void {
    this.#lacks.set(`${entry} ${name} ${digest}`, true, wrongLife);
    this.#failed(entry);
  }

  /** What arrived of a blob from an alternate. */
  arrived({ entry }: Alternate, { bytes, milliseconds, error }: Arrival): void {
    if (error !== undefined) this.#failed(entry);
    const known = this.#alternates.find(({ alternate }) => alternate.entry === entry);
    // Small blobs show how long the answer took, and not the speed.
    if (known !== undefined && bytes >= 1_000_000) {
      known.measured = afterBlob(known.measured, bytes, milliseconds);
    }
  }

  /** Remembers to whom a redirect belongs. */
  located(url: string, alternate: Alternate): void {
    this.#locations.set(url, alternate, locationLife);
  }

  /** Opens the alternate whose redirect this URL is; undefined if it is none's. */
  atLocation(url: string, repository: Repository, request: AlternateRequest) {
    if (this.#locations.isEmpty) return undefined;
    const alternate = this.#locations.get(url);
    const place = alternate && placeAt(alternate, repository);
    const source = place && this.#options.open(place, request);
    return alternate && source && { alternate, source };
  }

  #failed(entry: string): void {
    for (const known of this.#alternates) {
      if (known.alternate.entry === entry) known.measured = afterFailure(known.measured);
    }
  }

  /** undefined if it is not to be asked now: it is limited or failing, or has no such repository. */
  async #askOne<Result>(alternate: Alternate, question: Question<Result>, isLast: boolean) {
    const { repository, isBackground, isPull, ask, sent } = question;
    const { runtime, open } = this.#options;
    const abort = new AbortController();
    const signal = AbortSignal.any([question.signal, abort.signal]);
    const place = placeAt(alternate, repository);
    const source = place && open(place, { isBackground, signal });
    if (source === undefined || source.recentFailure !== undefined) return undefined;
    if (isPull && source.pullLimit !== undefined) return undefined;
    const began = runtime.now();
    try {
      const asked = ask(source);
      const result = await (isLast ? asked : withTimeout(patience, asked));
      if (result === undefined) {
        asked.catch(() => undefined);
        abort.abort();
        throw new UpstreamError('timeout', `${alternate.entry}: no answer in time`);
      }
      return { alternate, source, result, milliseconds: Math.max(0, runtime.now() - began) };
    } finally {
      sent(source.upstreamCalls);
    }
  }
}
