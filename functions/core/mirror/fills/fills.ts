import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import {
  type BlobPut,
  BlobTooLarge,
  type PutOutcome,
  type WantedBlob,
} from '../../ports/blob-store.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import {
  BlobRefused,
  type Fill,
  type FillOptions,
  type FillResult,
  type Fills,
  JoinedFillRefused,
} from '../blob-fill.ts';
import type { FillContext } from '../context.ts';
import { holdUnfilled, release } from '../manifests/holds.ts';
import { noteDelivered, registryBlobKey } from '../memory.ts';
import { FillLease } from './fill-lease.ts';
import { createFillSource } from './fill-source.ts';
import { Pace, TooSlow } from './pace.ts';
import { UnsizedBlobs } from './unsized-blobs.ts';
import { distrustLocation } from './upstream-location.ts';

interface RunningFill {
  readonly digest: Digest;
  /** The repository that it was started for. */
  readonly repository: Repository;
  readonly starting: Promise<Fill | undefined>;
}

/**
 * How long clients do not follow fills after a failure of the store, in ms. A fill that succeeds
 * meanwhile changes nothing: a disk may have space for small blobs only.
 */
const storeFailureLife = 30_000;

/** How long a blob is passed through after its fill was given up, in ms: another would fail as well. */
const unfillableLife = 3_600_000;

/**
 * The fills of this instance: at most one per blob and registry. A fill does not depend on the clients
 * that wait for it, so a client that disconnects stops nothing. Fills of the same blob from several
 * registries run at the same time, because one of them may be slow or send wrong bytes. The first
 * verified one is stored.
 */
export class LocalFills implements Fills {
  readonly #running = new Map<string, RunningFill>();
  /** Of each running fill: a signal that all fills share would collect their listeners. */
  readonly #aborts = new Set<AbortController>();
  #isStopped = false;
  readonly #unsized = new UnsizedBlobs();
  readonly #context: FillContext;
  readonly #onStored: () => Promise<void>;
  /** When the store last aborted a blob, in ms since 1970. */
  #storeFailed = Number.NEGATIVE_INFINITY;

  /** `onStored` is called in the background after each blob that was stored for clients. */
  constructor(context: FillContext, onStored: () => Promise<void>) {
    this.#context = context;
    this.#onStored = onStored;
  }

  isFilling(digest: Digest, registry?: string): boolean {
    for (const running of this.#running.values()) {
      const isOfRegistry = registry === undefined || running.repository.registry === registry;
      if (running.digest === digest && isOfRegistry) return true;
    }
    return false;
  }

  get storeFails(): boolean {
    const age = this.#context.runtime.now() - this.#storeFailed;
    return age >= 0 && age < storeFailureLife;
  }

  start(
    repository: Repository,
    blob: WantedBlob,
    options: FillOptions = {},
  ): Promise<Fill | undefined> {
    const key = fillKey(repository, blob);
    const running = this.#running.get(key);
    if (running !== undefined) return join(running, repository);
    const starting = this.#begin(repository, blob, options);
    this.#running.set(key, { digest: blob.digest, repository, starting });
    const forget = () => this.#running.delete(key);
    starting.then((fill) => fill?.done.then(forget, forget) ?? forget(), forget);
    return starting;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const abort of this.#aborts) abort.abort();
    for (const { starting } of [...this.#running.values()]) {
      const fill = await starting.catch(() => undefined);
      await fill?.done.catch(() => undefined);
    }
  }

  async #begin(
    repository: Repository,
    blob: WantedBlob,
    { progress, pauseAt, countsLater, isNamed = false, ...claim }: FillOptions,
  ): Promise<Fill | undefined> {
    const context = this.#context;
    const lease = await FillLease.take(context, fillKey(repository, blob), claim);
    if (lease === undefined) return undefined;
    const { digest } = blob;
    const began = context.runtime.now();
    const abort = new AbortController();
    if (this.#isStopped) abort.abort();
    const { signal } = abort;
    this.#aborts.add(abort);
    const counter = this.#unsized.count(blob, context.limits);
    const pace = new Pace(context.runtime.now);
    const remote = context.sources.of(repository, { isBackground: true });
    const source = createFillSource(
      context,
      remote,
      blob,
      signal,
      {
        reopened: () => pace.reopened(),
        waiting: () => pace.waiting(),
        waited: () => pace.waited(),
        arrived: (bytes, left) => {
          counter.arrived(bytes);
          pace.arrived(bytes, left);
        },
      },
      isNamed,
    );
    const put = context.ports.blobs.put(blob, source, { signal, progress, pauseAt, countsLater });
    put.done.then(counter.end, counter.end);
    const done = this.#finish(put, lease, pauseAt).finally(() => this.#aborts.delete(abort));
    done.then(
      (result) => {
        // A bucket does not verify these bytes if another put stored the blob first.
        const isOfRegistry =
          !context.missingBlobs.otherInstancesFill && !remote.alternates?.blobs.hasSent(digest);
        const isVerified = result.kind === 'stored' && isOfRegistry;
        if (isVerified && source.bytes >= result.size) {
          noteDelivered(context.memory, repository.registry, digest);
        }
        const isWrong = result.kind === 'mismatch';
        if (isWrong) {
          remote.wrongBytes(digest);
          context.runtime.waitUntil(distrustLocation(context, remote, digest));
        }
        if (result.kind === 'stored') release(context, remote, digest);
        report(result.kind, isWrong ? result.reason : undefined);
      },
      (error: unknown) => {
        // A failure before the first byte, such as too little space, cuts no client.
        const isPartial = source.bytes > 0 && !signal.aborted;
        if (isPartial && isOfStore(error)) this.#storeFailed = context.runtime.now();
        if (error instanceof BlobTooLarge || error instanceof TooSlow) {
          const key = registryBlobKey(repository.registry, digest);
          context.memory.unfillable.set(key, true, unfillableLife);
        }
        if (!signal.aborted) holdUnfilled(context, remote, digest, error);
        const refused = error instanceof BlobRefused ? 'refused' : 'failed';
        report(signal.aborted ? 'stopped' : refused, reasonOf(error));
      },
    );
    function report(
      outcome: PutOutcome['kind'] | 'refused' | 'failed' | 'stopped',
      reason?: string,
    ) {
      context.ledger.count({ bytesFetched: source.bytes });
      context.runtime.observe({
        kind: 'fill',
        repository: repositoryKey(repository),
        digest,
        outcome,
        bytes: source.bytes,
        milliseconds: context.runtime.now() - began,
        reason,
      });
    }
    // A store that already has the blob opens no source, so the end of the put counts as well.
    const begun = Promise.all([source.answered, put.begun]);
    const answered = Promise.race([begun, put.done]).then(() => undefined);
    answered.catch(() => undefined);
    context.runtime.waitUntil(done.catch(() => undefined));
    return { put, answered, done, isFetched: () => source.isOpened };
  }

  async #finish(put: BlobPut, lease: FillLease, pauseAt: number | undefined): Promise<FillResult> {
    const { runtime, memory } = this.#context;
    let outcome: PutOutcome | undefined;
    try {
      outcome = await put.done;
      if (outcome.kind === 'stored') memory.incomplete.arrived();
    } finally {
      if (outcome?.kind !== 'paused') await lease.release();
    }
    if (outcome.kind === 'paused') return { ...outcome, lease: await lease.handOn() };
    // A process that may have to end evicts in `handleFill` instead.
    if (outcome.kind === 'stored' && pauseAt === undefined) runtime.waitUntil(this.#onStored());
    return outcome;
  }
}

/** Fills are shared by this key, here and across instances. */
function fillKey({ registry }: Repository, { digest, size }: WantedBlob): string {
  return `${registryBlobKey(registry, digest)}:${size ?? 'unstated'}`;
}

/** A running fill for another repository, for which a refusal to the first one means nothing. */
async function join(running: RunningFill, repository: Repository): Promise<Fill | undefined> {
  const fill = await running.starting;
  const key = repositoryKey(running.repository);
  if (fill === undefined || key === repositoryKey(repository)) return fill;
  const rethrow = (error: unknown): never => {
    throw error instanceof BlobRefused ? new JoinedFillRefused(key) : error;
  };
  const answered = fill.answered.catch(rethrow);
  const done = fill.done.catch(rethrow);
  for (const end of [answered, done]) end.catch(() => undefined);
  return { ...fill, answered, done };
}

/** True for an error that the upstream did not cause. */
function isOfStore(error: unknown): boolean {
  const ofUpstream = [UpstreamError, BlobRefused, BlobTooLarge];
  return !ofUpstream.some((kind) => error instanceof kind);
}
