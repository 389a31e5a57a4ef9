import { followFills } from '../../../../functions/core/mirror/blobs/follow-fill.ts';
import type { Limits, MissingBlobs } from '../../../../functions/core/mirror/context.ts';
import {
  createMirror,
  type RunningMirror,
} from '../../../../functions/core/mirror/create-mirror.ts';
import type { BlobOutcome, ManifestOutcome } from '../../../../functions/core/mirror/mirror.ts';
import { upkeep } from '../../../../functions/core/mirror/upkeep.ts';
import type { Reference } from '../../../../functions/core/oci/reference.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import type { FillJob } from '../../../../functions/core/ports/fill-queue.ts';
import type { Ports } from '../../../../functions/core/ports/ports.ts';
import type { Upstream } from '../../../../functions/core/ports/upstream.ts';
import type { MirroredUpstream } from '../../../../functions/core/sources/mirrored-upstream.ts';
import type { UpstreamPolicy } from '../../../../functions/core/sources/upstream-policy.ts';
import { openMemoryStore } from '../../../../functions/memory/open.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import { madeRandom } from './made-random.ts';
import { known, ScriptedUpstream } from './scripted-upstream.ts';

const minute = 60_000;

/** A policy with the product's defaults. */
export const defaultPolicy: UpstreamPolicy = {
  tagTtl: 5 * minute,
  revalidate: 'before',
  maxStale: 30 * 24 * 60 * minute,
  onDeleted: { keepFor: 180 * 24 * 60 * minute, minimumAge: 7 * 24 * 60 * minute },
  immutableTags: [],
  allow: [],
  deny: [],
  tags: [],
  asOf: false,
  keep: { age: undefined, pins: [] },
  delivery: 'stream',
};

/** The stores that a mirror is over. */
export interface OpenedStore extends Ports {
  close(): Promise<void>;
}

/** The mirror's decisions over stores, a scripted upstream and a clock in hand. */
export interface MirrorUnderTest {
  mirror: RunningMirror;
  readonly upstream: ScriptedUpstream;
  /** Another registry, whose repositories are named `evil.test/…`. */
  readonly evil: ScriptedUpstream;
  store: OpenedStore;
  readonly events: MirrorEvent[];
  /** What was queued and not yet done: the test plays the queue. */
  readonly queued: FillJob[];
  /** The clock, in ms since 1970. */
  now(): number;
  /** Moves the clock on. */
  pass(milliseconds: number): void;
  /** Does all that was queued. */
  fill(): Promise<void>;
  /** Resolves when nothing goes on behind the answers any more. */
  settled(): Promise<void>;
  /** Another instance over the same stores and the same upstream. */
  another(): RunningMirror;
  /** A new process over the same store: nothing is in memory. */
  restart(): void;
  /** The same with the store opened again. */
  reopen(): Promise<void>;
  tag(name: string, tag: string, method?: 'GET' | 'HEAD'): Promise<ManifestOutcome>;
  manifest(name: string, digest: string, method?: 'GET' | 'HEAD'): Promise<ManifestOutcome>;
  blob(name: string, digest: string, method?: 'GET' | 'HEAD'): Promise<BlobOutcome>;
  close(): Promise<void>;
}

/** What differs from the defaults. */
export interface Differences {
  readonly policy?: Partial<UpstreamPolicy>;
  readonly limits?: Partial<Limits>;
  readonly missingBlobs?: MissingBlobs;
  readonly memoryBytes?: number;
  readonly evictionSteps?: number;
  /** Stands in for the scripted upstream; `now` is the clock in hand. */
  readonly client?: (now: () => number) => Upstream;
  /** The registry serves its public repositories only, and no account opens others. */
  readonly isPublicOnly?: boolean;
  /** Other registries that may have the same digests; `evil.test` is one that is there. */
  readonly alternates?: MirroredUpstream['alternates'];
  /** Docker Hub's clock. */
  readonly pushTime?: MirroredUpstream['pushTime'];
  /** Opens the stores, which are in memory unless said. */
  readonly openStore?: (now: () => number) => Promise<OpenedStore>;
  /** Ports that stand in for the store's. */
  readonly ports?: (store: OpenedStore) => Partial<Ports>;
}

/** Opens a mirror of `docker.io` and `evil.test`. */
export async function openMirror(differences: Differences = {}): Promise<MirrorUnderTest> {
  let now = Date.UTC(2026, 0, 1);
  const { createHash } = nodeRuntime(() => undefined).runtime;
  const openStore =
    differences.openStore ?? (async (clock) => openMemoryStore({ now: clock, createHash }));
  let store = await openStore(() => now);
  const upstream = new ScriptedUpstream('docker.io');
  const evil = new ScriptedUpstream('evil.test');
  const client = differences.client?.(() => now) ?? upstream;
  const events: MirrorEvent[] = [];
  const queued: FillJob[] = [];
  const background = new Set<Promise<unknown>>();
  const queue = { enqueue: async (jobs: readonly FillJob[]) => void queued.push(...jobs) };
  const policy = { ...defaultPolicy, ...differences.policy };
  const access = differences.isPublicOnly ? { grants: [], anonymous: client } : undefined;
  const { pushTime, alternates } = differences;
  const open = () =>
    createMirror(
      {
        upstreams: new Map([
          ['docker.io', { upstream: client, policy, access, pushTime, alternates }],
          ['evil.test', { upstream: evil, policy }],
        ]),
        limits: {
          maxBlobBytes: Number.POSITIVE_INFINITY,
          storeBytes: Number.POSITIVE_INFINITY,
          ...differences.limits,
        },
        memoryBytes: differences.memoryBytes ?? 1_000_000,
        markInterval: minute,
        missingBlobs: differences.missingBlobs ?? followFills,
        upkeep,
        evictionSteps: differences.evictionSteps,
      },
      { ...store, queue, ...differences.ports?.(store) },
      {
        now: () => now,
        observe: (event) => events.push(event),
        waitUntil: (work) => {
          background.add(work);
          const forget = () => background.delete(work);
          work.then(forget, forget);
        },
        createHash,
        sleep: async (milliseconds) => {
          now += milliseconds;
          await new Promise((resolve) => setImmediate(resolve));
        },
        random: madeRandom(1),
      },
    );
  const ask = (name: string, reference: Reference, method: 'GET' | 'HEAD') =>
    test.mirror.repository(at(name)).resolveManifest(reference, method);
  const test: MirrorUnderTest = {
    mirror: open(),
    upstream,
    evil,
    store,
    events,
    queued,
    now: () => now,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    fill: async () => {
      for (const job of queued.splice(0)) await test.mirror.handleFill(job);
    },
    settled: async () => {
      while (background.size > 0) await Promise.allSettled(background);
    },
    another: open,
    restart: () => {
      test.mirror = open();
    },
    reopen: async () => {
      await test.mirror.stop();
      await Promise.allSettled(background);
      await store.close();
      store = await openStore(() => now);
      test.store = store;
      test.mirror = open();
    },
    tag: (name, tag, method = 'GET') => ask(name, { kind: 'tag', tag }, method),
    manifest: (name, digest, method = 'GET') =>
      ask(name, { kind: 'digest', digest: known(digest) }, method),
    blob: (name, digest, method = 'GET') =>
      test.mirror.repository(at(name)).locateBlob(known(digest), method, { kind: 'whole' }),
    close: async () => {
      await test.mirror.stop();
      await Promise.allSettled(background);
      await store.close();
    },
  };
  return test;
}

/** A repository of `docker.io`, unless its name begins with the other registry's. */
function at(name: string) {
  const other = 'evil.test/';
  if (name.startsWith(other)) return { registry: 'evil.test', name: name.slice(other.length) };
  return { registry: 'docker.io', name };
}

/** The bytes of a streamed blob. */
export async function bytesOf(outcome: BlobOutcome): Promise<Uint8Array> {
  if (outcome.kind !== 'stream') throw new Error(`a stream was expected, not ${outcome.kind}`);
  return new Uint8Array(await new Response(outcome.body).arrayBuffer());
}
