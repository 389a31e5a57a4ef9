import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { WantedBlob } from '../../ports/blob-store.ts';
import type { BlobLocating, BlobOpening, BlobSlice } from '../../ports/upstream.ts';
import { askBlobHost, askForBlob } from '../../sources/ask-source.ts';
import type { Parts } from '../context.ts';
import type { SourceWatch } from './pace.ts';
import { UpstreamSource } from './resuming-source.ts';
import { forgetLocation, upstreamLocation } from './upstream-location.ts';

/** Slices of one blob that are read side by side from where the upstream redirected to. */
const slicesAtOnce = 4;

/**
 * The upstream's bytes of a blob that is to be stored. Where fills run behind the clients, they
 * share the upstream's redirect with them: the registry sees one request for the blob.
 */
export function openSource(
  parts: Parts,
  repository: Repository,
  blob: WantedBlob,
  signal: AbortSignal,
  watch: SourceWatch,
): UpstreamSource {
  const calls = { upstreamCalls: 0 };
  const atRegistry = (slice: BlobSlice) =>
    askForBlob(parts, repository, (upstream, name) =>
      upstream.openBlob(name, blob.digest, slice, calls),
    );
  if (!parts.missingBlobs.areFilledBehind) {
    return new UpstreamSource(atRegistry, blob.size, signal, undefined, watch);
  }

  const place = placeOf(parts, repository, blob.digest);
  const open = async (slice: BlobSlice): Promise<BlobOpening> => {
    const location = await place.find();
    if (location.kind === 'direct') return atRegistry(slice);
    if (location.kind !== 'redirect') return location;
    try {
      return await askBlobHost(parts, repository, (upstream, name) =>
        upstream.openLocated(name, location.url, slice, calls),
      );
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
function placeOf(parts: Parts, repository: Repository, digest: Digest) {
  let found: Promise<BlobLocating> | undefined;
  return {
    find(): Promise<BlobLocating> {
      if (found !== undefined) return found;
      const asked = upstreamLocation(parts, repository, digest, { upstreamCalls: 0 });
      found = asked;
      asked.catch(() => {
        if (found === asked) found = undefined;
      });
      return asked;
    },
    forget(): void {
      found = undefined;
      forgetLocation(parts, repository, digest);
    },
  };
}
