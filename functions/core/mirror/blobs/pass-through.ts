import { type ByteRead, type ByteReader, noMoreBytes, streamOf } from '../../bytes/byte-reader.ts';
import { observedReader } from '../../bytes/observed-reader.ts';
import { algorithmOf, encodedOf } from '../../oci/digest.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { BlobRefused } from '../blob-fill.ts';
import type { BlobRequest, Context } from '../context.ts';
import { UpstreamSource } from '../fills/upstream-source.ts';
import { hold } from '../manifests/holds.ts';
import { noteDelivered } from '../memory.ts';
import type { BlobOutcome } from '../mirror.ts';

/**
 * Sends the upstream's bytes to one client without storing them. A whole blob is verified on the way:
 * its last bytes are held back until the digest is correct. Calls `end` when it needs the upstream no
 * more. Rejects with an UpstreamError.
 */
export async function passThrough(
  context: Context,
  source: Source,
  request: BlobRequest,
  end = context.upstreamReads.begin(source),
): Promise<BlobOutcome> {
  const { digest, size, range, mayUseStore } = request;
  const named = mayUseStore ? { size } : undefined;
  const upstream = new UpstreamSource(
    (slice) => source.openBlob(digest, slice, named),
    size,
    new AbortController().signal,
  );
  const bytes = upstream.open(range?.start ?? 0, range?.end);
  try {
    await upstream.answered;
  } catch (error) {
    end();
    if (error instanceof BlobRefused) return error.refusal;
    throw error;
  }
  const checked = range === undefined ? verify(context, source, request, bytes) : bytes;
  const body = streamOf(
    observedReader(
      checked,
      () => context.runtime.now(),
      ({ bytes, error }) => {
        end();
        // Wrong bytes are counted for the repository.
        if (error instanceof UpstreamError && error.kind !== 'invalid') {
          hold(context, source, 'blob', digest, error.message);
        }
        context.ledger.count({ bytesFetched: bytes });
        context.runtime.observe({ kind: 'passed-through', repository: source.key, bytes });
      },
    ),
  );
  return { kind: 'stream', size, range, body, provenance: { kind: 'miss' } };
}

/** Reads the same bytes, but the last of them only if the digest is correct. */
function verify(
  context: Context,
  source: Source,
  { digest }: BlobRequest,
  reader: ByteReader,
): ByteReader {
  const hash = context.runtime.createHash(algorithmOf(digest));
  let held: Uint8Array | undefined;
  let isVerified = false;
  const last = async (): Promise<ByteRead> => {
    if (isVerified) return noMoreBytes;
    if ((await hash.hex()) !== encodedOf(digest)) {
      throw source.wrongBytes(digest);
    }
    isVerified = true;
    if (!source.alternates?.blobs.hasSent(digest))
      noteDelivered(context.memory, source.repository.registry, digest);
    return held === undefined ? noMoreBytes : { done: false, value: held };
  };
  return {
    async read() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return last();
        hash.update(value);
        const previous = held;
        held = value;
        if (previous !== undefined) return { done: false, value: previous };
      }
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
