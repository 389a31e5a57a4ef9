import { createHash } from 'node:crypto';
import { s3BlobStore } from '../../functions/aws/s3/blob-store.ts';
import { openBucket } from '../../functions/aws/s3/open-bucket.ts';
import { nodeHashing } from '../../functions/aws/sdk/aws-credentials.ts';
import type { BlobIndex } from '../../functions/core/bucket/blob-index.ts';
import { parseDigest } from '../../functions/core/oci/digest.ts';
import type { BlobSource } from '../../functions/core/ports/blob-store.ts';
import { createSigner } from '../../functions/core/signing/presigner.ts';

/** What a process is told that makes one large fill, and what it tells. */
export interface LargeFill {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bytes: number;
  readonly slices: number;
  /** As after a put that had to pause: in parts, with a hash that can be gone on from. */
  readonly again: boolean;
}

export interface LargeFillReport {
  readonly kind: string;
  readonly megabytesPerSecond: number;
  /** Of node:crypto in the same process, just before. */
  readonly hashMegabytesPerSecond: number;
  readonly maxRssMegabytes: number;
}

const chunk = Buffer.alloc(65_536, 'made up, and the same again and again. ');

/** Bytes as they come from a network: each chunk is memory of its own. */
function madeUp(bytes: number, slices: number): BlobSource {
  return {
    slices: async () => slices,
    open(start, end = bytes - 1) {
      let at = start;
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (at > end) return controller.close();
            const from = at % chunk.length;
            const piece = chunk.subarray(from, from + end + 1 - at);
            at += piece.length;
            controller.enqueue(new Uint8Array(piece));
          },
        },
        { highWaterMark: 0 },
      ).getReader();
    },
  };
}

/** Nothing is known, and nothing is kept. */
const noIndex: BlobIndex = {
  get: async () => undefined,
  put: async () => undefined,
  condemn: async () => undefined,
  condemnedBefore: async () => [],
  restore: async () => false,
  claim: async () => false,
  forget: async () => undefined,
  used: async () => 0,
  reconcile: async function* () {},
};

async function run(fill: LargeFill): Promise<LargeFillReport> {
  const { bytes, slices, again, endpoint, region, bucket: name, credentials } = fill;
  const address = { bucket: name, region, endpoint };
  const signer = createSigner({
    region,
    credentials: () => credentials,
    now: Date.now,
    hashing: nodeHashing,
  });
  const bucket = openBucket({
    ...address,
    credentials: () => credentials,
    longestSilence: 60_000,
  });
  const urlLife = 60_000;
  const store = s3BlobStore({
    address,
    signer,
    bucket,
    index: noIndex,
    urlLife,
    now: Date.now,
  });
  const hash = createHash('sha256');
  const hashBegan = performance.now();
  for (let at = 0; at < bytes; at += chunk.length) hash.update(chunk.subarray(0, bytes - at));
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  if (digest === undefined) throw new Error('a hash is always a digest');
  const hashTime = performance.now() - hashBegan;
  const began = performance.now();
  const progress = again ? '{"version":1,"barren":0}' : undefined;
  const source = madeUp(bytes, slices);
  const outcome = await store.put({ digest, size: bytes }, source, { progress }).done;
  const time = performance.now() - began;
  bucket.close();
  return {
    kind: outcome.kind,
    megabytesPerSecond: Math.round(bytes / 1000 / time),
    hashMegabytesPerSecond: Math.round(bytes / 1000 / hashTime),
    maxRssMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

process.once('message', (fill: LargeFill) => {
  run(fill).then(
    (report) => process.send?.(report, () => process.disconnect()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
