import { type ByteRead, type ByteReader, noMoreBytes, streamOf } from '../../bytes/byte-reader.ts';
import { algorithmOf, encodedOf } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context, WantedPart } from '../context.ts';
import { BlobRefused } from '../fills/blob-refusal.ts';
import { UpstreamSource } from '../fills/upstream-source.ts';
import { noteDelivered } from '../memory.ts';
import type { BlobOutcome } from '../outcome.ts';

/**
 * The upstream's bytes for one client, without storing them. A whole blob is verified on the way:
 * its last bytes are held back until its digest is known to be right. Rejects with an
 * UpstreamError.
 */
export async function passThrough(
  context: Context,
  source: Source,
  part: WantedPart,
): Promise<BlobOutcome> {
  const { range } = part;
  const upstream = new UpstreamSource(
    (slice) => source.openBlob(part.digest, slice),
    part.size,
    new AbortController().signal,
  );
  const bytes = upstream.open(range?.start ?? 0, range?.end);
  try {
    await upstream.answered;
  } catch (error) {
    if (error instanceof BlobRefused) return error.refusal;
    throw error;
  }
  const checked = range === undefined ? verified(context, source.repository, part, bytes) : bytes;
  const body = streamOf(counted(context, source.repository, checked));
  return { kind: 'stream', size: part.size, range, body, provenance: { kind: 'miss' } };
}

/** The same bytes, of which the last come only when all have the digest. */
function verified(
  context: Context,
  repository: Repository,
  part: WantedPart,
  reader: ByteReader,
): ByteReader {
  const hash = context.runtime.createHash(algorithmOf(part.digest));
  let held: Uint8Array | undefined;
  let isVerified = false;
  const last = async (): Promise<ByteRead> => {
    if (isVerified) return noMoreBytes;
    if ((await hash.hex()) !== encodedOf(part.digest)) {
      throw new UpstreamError('invalid', `the upstream's bytes of ${part.digest} are wrong`);
    }
    isVerified = true;
    noteDelivered(context.memory, repository.registry, part.digest);
    return held === undefined ? noMoreBytes : { done: false, value: held };
  };
  return {
    async read() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return last();
        hash.update(value);
        const before = held;
        held = value;
        if (before !== undefined) return { done: false, value: before };
      }
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function counted(context: Context, repository: Repository, reader: ByteReader): ByteReader {
  let bytes = 0;
  const end = () => {
    context.ledger.count({ bytesFetched: bytes });
    context.runtime.observe({
      kind: 'passed-through',
      repository: repositoryKey(repository),
      bytes,
    });
  };
  return {
    async read() {
      try {
        const next = await reader.read();
        if (next.done) end();
        else bytes += next.value.byteLength;
        return next;
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  };
}
