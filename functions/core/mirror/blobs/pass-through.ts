import { algorithmOf, encodedOf } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { askUpstream } from '../asking/ask-upstream.ts';
import { BlobRefused, UpstreamSource } from '../fills/upstream-source.ts';
import type { BlobOutcome } from '../outcome.ts';
import { type Parts, upstreamOf } from '../parts.ts';
import type { WantedPart } from './wanted-part.ts';

/**
 * The upstream's bytes for one client, without storing them. A whole blob is verified on the way:
 * its last bytes are held back until its digest is known to be right. Rejects with an
 * UpstreamError.
 */
export async function passThrough(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  calls: CallCount,
): Promise<BlobOutcome> {
  const mirrored = upstreamOf(parts, repository);
  const { range } = part;
  const source = new UpstreamSource(
    (slice) =>
      askUpstream(mirrored, () =>
        mirrored.upstream.openBlob(repository.name, part.digest, slice, calls),
      ),
    part.size,
    new AbortController().signal,
  );
  const bytes = source.open(range?.start ?? 0, range?.end);
  try {
    await source.answered;
  } catch (error) {
    if (error instanceof BlobRefused) return error.refusal;
    throw error;
  }
  const checked = range === undefined ? verified(parts, part, bytes) : bytes;
  const body = counted(parts, repository, checked);
  return { kind: 'stream', size: part.size, range, body, provenance: { kind: 'miss' } };
}

/** The same bytes, of which the last come only when all have the digest. */
function verified(
  parts: Parts,
  part: WantedPart,
  body: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const hash = parts.runtime.createHash(algorithmOf(part.digest));
  let held: Uint8Array | undefined;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        if (bytes.byteLength === 0) return;
        hash.update(bytes);
        if (held !== undefined) controller.enqueue(held);
        held = bytes;
      },
      async flush(controller) {
        if ((await hash.hex()) !== encodedOf(part.digest)) {
          throw new UpstreamError('invalid', `the upstream's bytes of ${part.digest} are wrong`);
        }
        if (held !== undefined) controller.enqueue(held);
      },
    }),
  );
}

function counted(
  parts: Parts,
  repository: Repository,
  body: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  const end = () => {
    parts.ledger.count({ bytesFetched: bytes });
    parts.runtime.observe({
      kind: 'passed-through',
      repository: repositoryKey(repository),
      bytes,
    });
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            bytes += value.byteLength;
            return controller.enqueue(value);
          }
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
