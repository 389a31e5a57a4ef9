import type { Digest } from '../../oci/digest.ts';
import type { WantedBlob } from '../../ports/blob-store.ts';
import type { BlobLocating, BlobOpening, BlobSlice } from '../../ports/upstream.ts';
import type { Source } from '../../sources/source.ts';
import type { FillContext } from '../context.ts';
import type { SourceWatch } from './pace.ts';
import { forgetLocation, upstreamLocation } from './upstream-location.ts';
import { UpstreamSource } from './upstream-source.ts';

/** Slices of one blob that are read side by side from where the upstream redirected to. */
const slicesAtOnce = 4;

/**
 * The upstream's bytes of a blob that is to be stored. Where fills run behind the clients, they
 * share the upstream's redirect with them: the registry sees one request for the blob.
 */
export function openSource(
  context: FillContext,
  source: Source,
  blob: WantedBlob,
  signal: AbortSignal,
  watch: SourceWatch,
): UpstreamSource {
  const atRegistry = (slice: BlobSlice) => source.openBlob(blob.digest, slice);
  if (!context.missingBlobs.areFilledBehind) {
    return new UpstreamSource(atRegistry, blob.size, signal, undefined, watch);
  }

  const place = placeOf(context, source, blob.digest);
  const open = async (slice: BlobSlice): Promise<BlobOpening> => {
    const location = await place.find();
    if (location.kind === 'direct') return atRegistry(slice);
    if (location.kind !== 'redirect') return location;
    try {
      return await source.openLocated(location.url, slice);
    } catch {
      // It expired, or that host fails: the registry knows better.
      place.forget();
      return atRegistry(slice);
    }
  };
  const slices = async () => ((await place.find()).kind === 'redirect' ? slicesAtOnce : 1);
  return new UpstreamSource(open, blob.size, signal, slices, watch);
}

/** The upstream's redirect, kept for as long as it leads to the blob. */
function placeOf(context: FillContext, source: Source, digest: Digest) {
  let found: Promise<BlobLocating> | undefined;
  return {
    find(): Promise<BlobLocating> {
      if (found !== undefined) return found;
      const asked = upstreamLocation(context, source, digest);
      found = asked;
      asked.catch(() => {
        if (found === asked) found = undefined;
      });
      return asked;
    },
    forget(): void {
      found = undefined;
      forgetLocation(context, source.repository, digest);
    },
  };
}
