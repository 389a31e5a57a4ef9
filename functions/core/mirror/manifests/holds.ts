import { keepNewest } from '../../concurrency/bounded-cache.ts';
import { withTimeout } from '../../concurrency/timeout.ts';
import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import { type Hold, holdLife } from '../../ports/manifest-store.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { BlobRefused } from '../blob-fill.ts';
import type { FillContext } from '../context.ts';
import type { CachedManifest } from '../memory.ts';
import { getManifest } from './manifest-cache.ts';

/** How long content that could not be had is held, in ms; a blob for twice as long each time. */
const firstHold = 60_000;
const longestHold = 900_000;

/** How long a blob that a probe reached is not probed again, in ms. */
const probeLife = 30_000;

/** How long a client waits for a probe, in ms. */
const probePatience = 2_000;

/** How often an instance reads the holds of a repository that others write, in ms. */
const readInterval = 5_000;

/** How many holds of a repository are kept. */
const mostHolds = 200;

/** How many holds an instance stores within `firstHold`: clients choose the digests. */
const mostStored = 100;

/** The holds of a repository, by digest. */
type Holds = Map<string, Hold>;

/**
 * Notes that a blob, or a manifest that an index names, could not be had. Without it, clients that
 * choose their endpoint by the first manifest (podman, CRI-O, skopeo) would come here again and again,
 * and fail each time.
 */
export function hold(
  context: FillContext,
  source: Source,
  kind: Hold['kind'],
  digest: Digest,
  reason: string,
  isStored = true,
): void {
  const now = context.runtime.now();
  const holds = context.memory.holds.get(source.key) ?? new Map<string, Hold>();
  const before = holds.get(digest);
  // Several clients may fail by the same failure.
  if (before !== undefined && isActive(before, now)) return;
  const failures = kind === 'blob' ? (before?.failures ?? 0) + 1 : 1;
  const length = Math.min(firstHold * 2 ** (failures - 1), longestHold);
  const added: Hold = { kind, digest, since: now, until: now + length, failures, reason };
  keepNewest(holds, digest, added, mostHolds);
  context.memory.holds.set(source.key, holds, holdLife);
  if (!isStored || !mayStore(context.memory.storedHolds, now)) return;
  context.runtime.waitUntil(context.manifests.putHold(source.repository, added));
}

/** Holds a blob whose fill failed, if its upstream caused that. */
export function holdUnfilled(
  context: FillContext,
  source: Source,
  digest: Digest,
  error: unknown,
): void {
  const isFailure = error instanceof UpstreamError;
  if (!isFailure && !(error instanceof BlobRefused)) return;
  // A client that gets a redirect may reach the blob host even where this mirror does not.
  const isElsewhere = isFailure && error.answerer?.role === 'blob-host';
  if (isElsewhere && source.policy.delivery === 'redirect') return;
  hold(context, source, 'blob', digest, error.message);
}

function mayStore(stored: FillContext['memory']['storedHolds'], now: number): boolean {
  if (now < stored.since || now - stored.since >= firstHold) {
    stored.since = now;
    stored.count = 0;
  }
  stored.count += 1;
  return stored.count <= mostStored;
}

/** Ends the hold of a blob that was stored. */
export function release({ memory }: FillContext, source: Source, digest: Digest): void {
  memory.holds.get(source.key)?.delete(digest);
}

/** Whether content is being held. False if it begins in the future: the clock was set back. */
function isActive({ since, until }: Hold, now: number): boolean {
  return since <= now && now < until;
}

/**
 * Why an image or an index must be refused because of what it needs: a blob could not be had lately and
 * cannot be had now. undefined if there is no such blob.
 */
export async function heldBack(
  context: FillContext,
  source: Source,
  { summary }: CachedManifest,
): Promise<UpstreamError | undefined> {
  const holds = await holdsOf(context, source);
  if (holds.size === 0 || summary === undefined) return undefined;
  if (summary.kind === 'image') return heldBlob(context, source, holds, summary.needed);
  for (const digest of summary.choices) {
    const child = await getManifest(context, source.repository, digest);
    const failure = await heldBlob(context, source, holds, child?.summary?.needed ?? []);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/**
 * Why an index must be refused to a client that would not fall back for a manifest in it: one that was
 * requested before is not complete. While the upstream confirms the index, only what is held counts. If
 * no manifest can be pulled, one of them must be here, and all that were requested before.
 */
export async function heldChild(
  context: FillContext,
  source: Source,
  index: CachedManifest,
  isComplete: (child: CachedManifest) => Promise<boolean>,
  isConfirmed: boolean,
): Promise<UpstreamError | undefined> {
  const holds = await holdsOf(context, source);
  const { pullLimit } = source;
  const isObtainable = isConfirmed && pullLimit === undefined;
  if (holds.size === 0 && isObtainable) return undefined;
  const now = context.runtime.now();
  const { manifests = [] } = readManifest(index.manifest) ?? {};
  let hasOne = manifests.length === 0;
  for (const { digest } of manifests.slice(0, mostHolds)) {
    const child = await getManifest(context, source.repository, digest);
    hasOne ||= child !== undefined && index.summary?.choices.includes(digest) === true;
    if (child !== undefined && (await isComplete(child))) continue;
    const held = holds.get(digest);
    if (held !== undefined && (!isObtainable || isActive(held, now))) return errorOf(held);
    if (child === undefined) continue;
    const { needed = [] } = child.summary ?? {};
    const failure = await heldBlob(context, source, holds, needed);
    if (failure !== undefined) return failure;
    if (isConfirmed) continue;
    const message = `${source.key}: not every requested image of the index is stored`;
    return source.recentFailure ?? new UpstreamError('unavailable', message);
  }
  return hasOne ? undefined : pullLimit;
}

async function heldBlob(
  context: FillContext,
  source: Source,
  holds: Holds,
  needed: readonly { readonly digest: Digest }[],
): Promise<UpstreamError | undefined> {
  const held = needed.flatMap(({ digest }) => holds.get(digest) ?? []);
  const now = context.runtime.now();
  const active = held.find((one) => isActive(one, now));
  if (active !== undefined) return errorOf(active);
  for (const one of held) {
    if (await isBlocked(context, source, holds, one)) return errorOf(one);
  }
  return undefined;
}

/** Asks for the first byte of a blob whose hold is over: the manifest says nothing about its host. */
async function isBlocked(
  context: FillContext,
  source: Source,
  holds: Holds,
  held: Hold,
): Promise<boolean> {
  const { runtime, flights } = context;
  const { digest, reached } = held;
  if (reached !== undefined && runtime.now() - reached < probeLife) return false;
  const stored = await context.blobs.stat(digest);
  if (stored !== undefined) return false;
  const probe = flights.probes.run(`${source.key}@${digest}`, async () => {
    const kind = await probeBlob(source, digest);
    if (kind === 'found') holds.set(digest, { ...held, reached: runtime.now() });
    else hold(context, source, 'blob', digest, held.reason);
  });
  await withTimeout(probePatience, probe);
  return holds.get(digest)?.reached === held.reached;
}

async function probeBlob(source: Source, digest: Digest): Promise<'found' | 'failed'> {
  try {
    if (source.policy.delivery === 'redirect') {
      const { kind } = await source.locateBlob(digest, true);
      if (kind === 'redirect') return 'found';
      if (kind !== 'direct') return 'failed';
    }
    const opening = await source.openBlob(digest, { start: 0, end: 0 }, { size: undefined });
    if (opening.kind !== 'found') return 'failed';
    await opening.body.cancel();
    return 'found';
  } catch {
    return 'failed';
  }
}

function errorOf({ reason }: Hold): UpstreamError {
  return new UpstreamError('unavailable', reason);
}

/**
 * The holds of a repository: this instance's, and stored ones. Those of other instances are read often,
 * those of an earlier process once.
 */
async function holdsOf(context: FillContext, source: Source): Promise<Holds> {
  const { memory, missingBlobs } = context;
  if (memory.holdReads.get(source.key)) return memory.holds.get(source.key) ?? none;
  const life = missingBlobs.otherInstancesFill ? readInterval : holdLife;
  memory.holdReads.set(source.key, true, life);
  const shared = (await context.manifests.listHolds(source.repository)) ?? [];
  if (shared.length === 0) return memory.holds.get(source.key) ?? none;
  const holds: Holds = memory.holds.get(source.key) ?? new Map<string, Hold>();
  for (const one of shared) {
    if ((holds.get(one.digest)?.since ?? 0) < one.since)
      keepNewest(holds, one.digest, one, mostHolds);
  }
  memory.holds.set(source.key, holds, holdLife);
  return holds;
}

const none: Holds = new Map();
