import { afterEach, describe, expect, it, vi } from 'vitest';
import { EdgeWorker } from '../../forms/edge.ts';
import { digestOfBody } from '../../forms/pull.ts';
import { patience } from '../../patience.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import type { FaultAction } from '../../standins/registry/faults.ts';
import type { RequestRecord } from '../../standins/registry/record.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const mebibyte = 1024 * 1024;

/** What R2 takes at a time of a blob of this size, but for the last part. */
const partBytes = 8 * mebibyte;

/** Within the time of a message the upstream sends one part, half of another, and nothing more. */
const fillTime = '4s';
const sentBytes = 12 * mebibyte;

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A Worker that was asked for an image, so that the fill of its layer is queued. */
interface Filling {
  readonly hub: Upstream;
  readonly edge: EdgeWorker;
  /** The layer's. */
  readonly digest: string;
  readonly path: string;
}

async function startFilling(size: number, ...faults: readonly FaultAction[]): Promise<Filling> {
  const image = makeImage({ layers: [randomLayer(`edge-long-${size}`, size)] });
  const digest = image.layers[0]?.digest ?? '';
  const hub = await startUpstream();
  open.push(() => hub.close());
  hub.add('library/app', image, '1');
  for (const fault of [{ kind: 'stall', after: sentBytes } as const, ...faults]) {
    hub.fail({ on: 'cdn', match: hexOf(digest), do: fault });
  }
  const edge = await EdgeWorker.start(
    { upstreams: { 'docker.io': { url: hub.url } } },
    { PULLFRONT_CLOUDFLARE_FILL_TIME: fillTime },
  );
  open.push(() => edge.close());
  await edge.get('/v2/library/app/manifests/1');
  return { hub, edge, digest, path: `/v2/library/app/blobs/${digest}` };
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

/** How each message of the queue that was for the layer ended, as the Worker's log says. */
function outcomes({ edge, digest }: Filling): string[] {
  const lines = edge.output.split('\n').filter((line) => line.includes('"message":"fill"'));
  const fills = lines.map((line) => JSON.parse(line)).filter((fill) => fill.digest === digest);
  return fills.map(({ outcome }) => outcome);
}

/** The requests for the layer's bytes, in their order. */
function askedFor({ hub, digest }: Filling): RequestRecord[] {
  return hub.requests.filter(({ kind, path }) => kind === 'cdn' && path.includes(hexOf(digest)));
}

function startOf({ headers }: RequestRecord): number {
  return Number(/^bytes=(\d+)-/.exec(String(headers.range))?.[1] ?? 0);
}

describe('a blob that takes longer than a message of the queue may', () => {
  it('is filled over several, each going on where the one before paused', async () => {
    const size = 2 * partBytes + 5_000_000;
    const filling = await startFilling(size);
    const { edge, digest, path } = filling;
    const stored = await vi.waitUntil(
      async () => {
        const response = await edge.get(path);
        if (response.status === 200) return response;
        // Not a byte of it is served before the last message.
        expect(response.status).toBe(307);
        return undefined;
      },
      { timeout: 50_000, interval: 100 },
    );
    expect(await digestOfBody(stored)).toBe(digest);
    await vi.waitUntil(() => outcomes(filling).includes('stored'), patience);
    expect(outcomes(filling)).toEqual(['paused', 'paused', 'stored']);
    // Only of the part that was cut bytes are fetched again.
    expect(askedFor(filling).map(startOf)).toEqual([0, partBytes, 2 * partBytes]);
    const sent = askedFor(filling).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    expect(sent).toBeLessThan(size + 2 * (sentBytes - partBytes) + 100_000);
  });

  it('never becomes visible when a byte of a later message is wrong', async () => {
    const size = partBytes + 5_000_000;
    const filling = await startFilling(size, { kind: 'flip', at: size - 1000 });
    const { edge, path } = filling;
    await vi.waitUntil(() => outcomes(filling).includes('mismatch'), { timeout: 50_000 });
    expect(outcomes(filling)).toEqual(['paused', 'mismatch']);
    expect(askedFor(filling).map(startOf)).toEqual([0, partBytes]);
    expect((await edge.get(path)).status).toBe(307);
    expect(await edge.storedBytes()).toBeLessThan(size);
  });
});
