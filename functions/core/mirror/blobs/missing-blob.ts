import type { Repository } from '../../oci/repository.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { asUpstreamError } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import { enqueueFills } from '../fills/enqueue-fills.ts';
import type { Fill } from '../fills/fill.ts';
import { BlobRefused } from '../fills/upstream-source.ts';
import type { BlobOutcome } from '../outcome.ts';
import { type FillsBehind, type Parts, upstreamOf } from '../parts.ts';
import { awaitFill } from './await-fill.ts';
import { passThrough } from './pass-through.ts';
import { upstreamLocation } from './upstream-location.ts';
import type { WantedPart } from './wanted-part.ts';

/** A range that begins so far ahead of a fill is read from the upstream, not waited for. */
const farAhead = 8 * 1024 * 1024;

const miss = { kind: 'miss' } as const;

/**
 * What a client gets that may read a blob which is not stored: the upstream's redirect, or the
 * fill's bytes as they arrive, or, where no fill can serve it, the upstream's own bytes.
 */
export async function missingBlob(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  calls: CallCount,
): Promise<BlobOutcome> {
  const { policy } = upstreamOf(parts, repository);
  const isStorable = (part.size ?? 0) <= parts.limits.maxBlobBytes;
  try {
    if (policy.delivery === 'redirect') {
      const location = await upstreamLocation(parts, repository, part.digest, calls);
      if (location.kind === 'redirect') {
        if (isStorable) await fillBehind(parts, repository, part);
        return { ...location, provenance: miss };
      }
      if (location.kind !== 'direct') return location;
    }
    if (parts.fillsBehind !== undefined) {
      return await withFillBehind(parts, parts.fillsBehind, repository, part, calls);
    }
    if (!isStorable) return await passThrough(parts, repository, part, calls);
    return await followFill(parts, repository, part, calls);
  } catch (error) {
    return { kind: 'unobtainable', error: asUpstreamError(error, repository.registry) };
  }
}

/** Queues a fill that no client waits for. */
async function fillBehind(parts: Parts, repository: Repository, part: WantedPart): Promise<void> {
  if (part.size === undefined || parts.fills.isFilling(part.digest)) return;
  const blob = { digest: part.digest, size: part.size, mediaType: '' };
  await enqueueFills(parts, [{ repository, blob }]);
}

/** For an upstream that serves blobs itself, where nobody can follow a fill. */
async function withFillBehind(
  parts: Parts,
  bounds: FillsBehind,
  repository: Repository,
  part: WantedPart,
  calls: CallCount,
): Promise<BlobOutcome> {
  const { size = Number.POSITIVE_INFINITY, range } = part;
  // What nobody stated the size of is not filled either.
  const isStorable = part.size !== undefined && size <= parts.limits.maxBlobBytes;
  if (isStorable) await fillBehind(parts, repository, part);
  const answered = range === undefined ? size : range.end - range.start + 1;
  if (answered <= bounds.passThroughBytes) return passThrough(parts, repository, part, calls);
  return awaitFill(parts, repository, part, isStorable ? bounds.wait : 0);
}

async function followFill(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  calls: CallCount,
): Promise<BlobOutcome> {
  const before = parts.fills.isFilling(part.digest);
  const fill = await goOnWithout(parts, 'start fill', parts.fills.start(repository, part));
  if (fill?.put.follow === undefined || isFarAhead(fill, part)) {
    await fillBehind(parts, repository, part);
    return passThrough(parts, repository, part, calls);
  }
  if (!before) calls.upstreamCalls += 1;
  try {
    await fill.answered;
  } catch (error) {
    if (error instanceof BlobRefused) return error.refusal;
    // The store failed before the upstream could answer: the client still gets its bytes.
    return passThrough(parts, repository, part, calls);
  }
  const body = fill.put.follow(part.range);
  return { kind: 'stream', size: part.size, range: part.range, body, provenance: miss };
}

function isFarAhead(fill: Fill, part: WantedPart): boolean {
  const start = part.range?.start ?? 0;
  return start - (fill.put.arrived?.() ?? 0) > farAhead;
}
