import { type ByteRange, isExcessive, type RangeSpec, satisfyRange } from '../../headers/range.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import type { BlobPart, RangesOutcome } from '../mirror.ts';
import { locateBlob } from './locate-blob.ts';
import { blobAccess, mayUseStore } from './may-serve.ts';
import { doubtRepeated } from './repeated-request.ts';

const refused = { kind: 'refused' } as const;

/**
 * Several ranges of a stored blob. They are opened one after the other, so that a client holds at most
 * one of them open. Ranges outside the blob are left out (RFC 9110 §15.3.7.2).
 */
export async function locateRanges(
  context: Context,
  source: Source,
  digest: Digest,
  ranges: readonly RangeSpec[],
  urlLife?: number,
): Promise<RangesOutcome> {
  const access = await blobAccess(context, source, digest);
  if (access.kind !== 'found') return access;
  if (!mayUseStore(context, source.repository, digest, access)) return refused;
  const size = (await context.blobs.stat(digest))?.size;
  if (size === undefined || size !== (access.size ?? size)) return refused;
  const satisfied = ranges
    .map((range) => satisfyRange(range, size))
    .filter((range) => range !== undefined);
  const [first] = satisfied;
  if (first === undefined) return { kind: 'unsatisfiable', size };
  if (satisfied.length === 1) {
    return locateBlob(context, source, digest, 'GET', { kind: 'from', ...first }, urlLife);
  }
  if (isExcessive(satisfied, size)) return refused;
  doubtRepeated(context, source, digest, first);
  const opened = await context.blobs.locate(digest, first);
  if (opened?.kind !== 'stream') return refused;
  const rest = satisfied.slice(1).map((range) => laterPart(context, digest, range));
  const parts = [{ ...first, open: async () => opened.body }, ...rest];
  return { kind: 'parts', size, parts, provenance: { kind: 'hit', ttl: undefined } };
}

function laterPart({ ports }: Context, digest: Digest, range: ByteRange): BlobPart {
  return {
    ...range,
    async open() {
      const location = await ports.blobs.locate(digest, range);
      if (location?.kind === 'stream') return location.body;
      throw new Error(`${digest} was deleted while its ranges were being sent`);
    },
  };
}
