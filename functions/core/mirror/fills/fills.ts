import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import {
  type BlobPut,
  BlobTooLarge,
  type PutOutcome,
  type WantedBlob,
} from '../../ports/blob-store.ts';
import type { Lease } from '../../ports/leases.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { FillContext } from '../context.ts';
import { noteDelivered, registryBlobKey } from '../memory.ts';
import type { Fill, FillEnd, Filling, FillPace } from '../running-fill.ts';
import { BlobRefused, RefusedElsewhere } from './blob-refusal.ts';
import { openSource } from './fill-source.ts';
import { Pace, TooSlow } from './pace.ts';
import { UnstatedBytes } from './unstated-bytes.ts';

/** How long a filler is believed alive without a sign of it, in ms. */
export const leaseLife = 60_000;

interface Running {
  readonly digest: Digest;
  /** The repository that it was begun for. */
  readonly repository: Repository;
  readonly starting: Promise<Fill | undefined>;
}

/**
 * How long after a failure of the store nobody follows a fill, in ms. A fill that succeeds meanwhile
 * does not end it: a disk may have room for small blobs only.
 */
const storeRest = 30_000;

/**
 * How long a blob whose fill was given up is passed through, in ms. Each further fill would cut the
 * clients that follow it again.
 */
const unfillableLife = 3_600_000;

/**
 * The fills of this instance: one for a blob of a registry, however many want it. A fill belongs to
 * nobody who waits for it, so that a client that leaves stops nothing. Fills of the same blob from
 * several registries run side by side: its bytes may be wrong or slow to come from one of them, and
 * the first that are verified are stored.
 */
export class Fills implements Filling {
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();
  readonly #unstated = new UnstatedBytes();
  readonly #context: FillContext;
  readonly #onStored: () => Promise<void>;
  /** When the store last broke off a blob, in ms since 1970. */
  #storeFailed = Number.NEGATIVE_INFINITY;

  /** `onStored` is called when a blob was stored for clients, and its end is not waited for. */
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
    return age >= 0 && age < storeRest;
  }

  start(repository: Repository, blob: WantedBlob, pace: FillPace = {}): Promise<Fill | undefined> {
    const { digest } = blob;
    const key = fillKey(repository, blob);
    const running = this.#running.get(key);
    if (running !== undefined) return join(running, repository);
    const starting = this.#begin(repository, blob, pace);
    this.#running.set(key, { digest, repository, starting });
    const forget = () => this.#running.delete(key);
    starting.then((fill) => fill?.done.then(forget, forget) ?? forget(), forget);
    return starting;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const { starting } of [...this.#running.values()]) {
      const fill = await starting.catch(() => undefined);
      await fill?.done.catch(() => undefined);
    }
  }

  async #begin(
    repository: Repository,
    blob: WantedBlob,
    { progress, pauseAt, fence }: FillPace,
  ): Promise<Fill | undefined> {
    const context = this.#context;
    const lease = await leaseOf(context.ports, fillKey(repository, blob), fence);
    if (lease === undefined) return undefined;
    const { digest } = blob;
    const began = context.runtime.now();
    const signal = this.#stop.signal;
    const counted = this.#unstated.count(blob, context.limits);
    const pace = new Pace(context.runtime.now);
    const source = openSource(context, context.sources.of(repository), blob, signal, {
      reopened: () => pace.reopened(),
      waiting: () => pace.waiting(),
      waited: () => pace.waited(),
      arrived: (bytes, left) => {
        counted.arrived(bytes);
        pace.arrived(bytes, left);
      },
    });
    const put = context.ports.blobs.put(blob, source, { signal, progress, pauseAt });
    put.done.then(counted.end, counted.end);
    const done = this.#finish(context, put, lease, pauseAt);
    done.then(
      (outcome) => {
        // In a bucket another put may have been first, and then nobody looks at these bytes.
        const isVerified = outcome.kind === 'stored' && !context.missingBlobs.areFilledBehind;
        if (isVerified && source.bytes >= outcome.size)
          noteDelivered(context.memory, repository.registry, digest);
        report(outcome.kind, outcome.kind === 'mismatch' ? outcome.reason : undefined);
      },
      (error: unknown) => {
        // Refused before the first byte (no room for so much), it cut nobody, nor will the next.
        const isHalfWay = source.bytes > 0 && !signal.aborted;
        if (isHalfWay && isOfStore(error)) this.#storeFailed = context.runtime.now();
        if (error instanceof BlobTooLarge || error instanceof TooSlow) {
          const key = registryBlobKey(repository.registry, digest);
          context.memory.unfillable.set(key, true, unfillableLife);
        }
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
    // A store that had the blob already opens no source: the end of the put is an answer as well.
    const begun = Promise.all([source.answered, put.begun]);
    const answered = Promise.race([begun, put.done]).then(() => undefined);
    answered.catch(() => undefined);
    context.runtime.waitUntil(done.catch(() => undefined));
    return { put, answered, done, isFetched: () => source.isOpened };
  }

  async #finish(
    context: FillContext,
    put: BlobPut,
    lease: Lease,
    pauseAt: number | undefined,
  ): Promise<FillEnd> {
    let held = lease;
    const heartbeat = setInterval(() => {
      const renewal = context.leases.renew(held, leaseLife);
      context.runtime.waitUntil(
        renewal.then((renewed) => {
          held = renewed ?? held;
        }),
      );
    }, leaseLife / 3);
    let outcome: PutOutcome | undefined;
    try {
      outcome = await put.done;
      if (outcome.kind === 'stored') context.memory.incomplete.arrived();
    } finally {
      clearInterval(heartbeat);
      if (outcome?.kind !== 'paused') {
        await context.leases.release(held);
      }
    }
    if (outcome.kind === 'paused') {
      const renewed = await context.leases.renew(held, leaseLife);
      return { ...outcome, lease: renewed ?? held };
    }
    // Nobody waits for that with the blob. A process that may have to end does it in `handleFill`.
    if (outcome.kind === 'stored' && pauseAt === undefined)
      context.runtime.waitUntil(this.#onStored());
    return outcome;
  }
}

/**
 * What fills are shared by, here and across instances: who states another size, or is of another
 * registry, has a fill of its own.
 */
function fillKey({ registry }: Repository, { digest, size }: WantedBlob): string {
  return `${registryBlobKey(registry, digest)}:${size ?? 'unstated'}`;
}

/** The lease that the fill before this one handed on, or else a new one; undefined: it is held. */
async function leaseOf(
  { leases }: FillContext['ports'],
  fillKey: string,
  fence: number | undefined,
): Promise<Lease | undefined> {
  const key = `fill:${fillKey}`;
  const handedOn = fence === undefined ? undefined : await leases.renew({ key, fence }, leaseLife);
  return handedOn ?? leases.acquire(key, leaseLife);
}

/** A fill under way, for one more repository: of it a refusal to the first one says nothing. */
async function join(running: Running, repository: Repository): Promise<Fill | undefined> {
  const fill = await running.starting;
  const key = repositoryKey(running.repository);
  if (fill === undefined || key === repositoryKey(repository)) return fill;
  const asOther = (error: unknown): never => {
    throw error instanceof BlobRefused ? new RefusedElsewhere(key) : error;
  };
  const answered = fill.answered.catch(asOther);
  const done = fill.done.catch(asOther);
  for (const end of [answered, done]) end.catch(() => undefined);
  return { ...fill, answered, done };
}

/** True for an error that neither the upstream nor its answer accounts for. */
function isOfStore(error: unknown): boolean {
  const ofUpstream = [UpstreamError, BlobRefused, BlobTooLarge];
  return !ofUpstream.some((kind) => error instanceof kind);
}
