import type { WantedBlob } from '../../ports/blob-store.ts';
import type { BlobOpening, BlobRedirect, BlobSlice } from '../../ports/upstream.ts';
import type { Source } from '../../sources/source.ts';
import type { FillContext } from '../context.ts';
import type { SourceWatch } from './pace.ts';
import { forgetLocation, upstreamLocation } from './upstream-location.ts';
import { UpstreamSource } from './upstream-source.ts';

/** How many slices of one blob are read at once from the host of the upstream's redirect. */
const slicesAtOnce = 4;

/**
 * The upstream's bytes of a blob to store; alternates may send it if a manifest names it. Where other instances fill, fills and clients share the
 * upstream's redirect, so that the registry sees one request per blob.
 */
export function createFillSource(
  context: FillContext,
  source: Source,
  { digest, size }: WantedBlob,
  signal: AbortSignal,
  watch: SourceWatch,
  isNamed: boolean,
): UpstreamSource {
  const named = isNamed ? { size } : undefined;
  const fromRegistry = (slice: BlobSlice) => source.openBlob(digest, slice, named);
  if (!context.missingBlobs.otherInstancesFill) {
    return new UpstreamSource(fromRegistry, size, signal, undefined, watch);
  }

  let pending: Promise<BlobRedirect> | undefined;
  const locate = () => {
    if (pending !== undefined) return pending;
    const request = upstreamLocation(context, source, digest, isNamed);
    pending = request;
    request.catch(() => {
      if (pending === request) pending = undefined;
    });
    return request;
  };
  const open = async (slice: BlobSlice): Promise<BlobOpening> => {
    const location = await locate();
    if (location.kind === 'direct') return fromRegistry(slice);
    if (location.kind !== 'redirect') return location;
    try {
      return await source.openLocated(location.url, digest, slice);
    } catch {
      // The URL expired or its host fails: the registry may redirect to another one.
      pending = undefined;
      forgetLocation(context, source.repository, digest);
      return fromRegistry(slice);
    }
  };
  const slices = async () => ((await locate()).kind === 'redirect' ? slicesAtOnce : 1);
  return new UpstreamSource(open, size, signal, slices, watch);
}
