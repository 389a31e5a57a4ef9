import type { Fault, FaultAction } from '../standins/registry/faults.ts';
import type { RequestKind } from '../standins/registry/record.ts';
import type { Settings } from '../standins/registry/settings.ts';
import type { Upstream } from '../standins/registry/upstream.ts';
import type { Repository } from './catalog.ts';
import { between, pick } from './random.ts';

type Random = () => number;

const kinds: readonly RequestKind[] = ['manifest', 'blob', 'cdn', 'token', 'tags', 'referrers'];
const bodies: readonly RequestKind[] = ['cdn', 'manifest'];

/** Each makes one fault of its kind. */
const faults: readonly ((random: Random) => Omit<Fault, 'times'>)[] = [
  (random) => ({ on: pick(random, bodies), do: { kind: 'reset', after: offset(random) } }),
  (random) => ({ on: pick(random, kinds), do: { kind: 'hang-up' } }),
  (random) => ({ on: pick(random, bodies), do: { kind: 'truncate', after: offset(random) } }),
  (random) => ({ on: pick(random, bodies), do: { kind: 'stall', after: offset(random) } }),
  (random) => ({ on: pick(random, kinds), do: { kind: 'silence' } }),
  (random) => ({ on: pick(random, kinds), do: status(pick(random, [500, 502, 503, 504])) }),
  (random) => ({
    on: pick(random, kinds),
    do: { ...status(429), headers: { 'retry-after': String(between(random, 1, 3)) } },
  }),
  (random) => ({ on: pick(random, bodies), do: { kind: 'flip', at: offset(random) } }),
  (random) => ({
    on: pick(random, bodies),
    do: { kind: 'wrong-length', by: pick(random, [7, -7]) },
  }),
  () => ({ on: 'cdn', do: { kind: 'no-length' } }),
  () => ({ on: 'cdn', do: { kind: 'ignore-range' } }),
  () => ({ on: 'cdn', do: { kind: 'shift-range', by: 10 } }),
  () => ({ on: 'cdn', do: { kind: 'slow', bytesPerSecond: 200_000 } }),
  (random) => ({ on: pick(random, kinds), do: { kind: 'delay', ms: between(random, 100, 3000) } }),
];

function status(code: number): Extract<FaultAction, { kind: 'status' }> {
  return { kind: 'status', status: code };
}

/** Early in the body in most cases: small bodies have to meet it too. */
function offset(random: Random): number {
  return between(random, 1, pick(random, [100, 10_000, 500_000]));
}

/** Injects other faults into a registry every second, and moves tags, until the run is over. */
export async function injectFaults(
  upstream: Upstream,
  repositories: readonly Repository[],
  random: Random,
  over: AbortSignal,
): Promise<void> {
  for (let round = 0; !over.aborted; round += 1) {
    const some = Array.from({ length: between(random, 1, 4) }, () => ({
      ...pick(random, faults)(random),
      times: between(random, 1, 6),
    }));
    upstream.set({ ...forms(random), faults: some });
    const { name, images } = pick(random, repositories);
    upstream.tag(name, '1', pick(random, images).manifest.digest);
    if (round % 60 === 40) await outage(upstream, over);
    await second(over);
  }
}

/** How a registry that works may answer. */
function forms(random: Random): Partial<Settings> {
  return {
    blobs: pick(random, ['redirect', 'redirect', 'stream']),
    redirectStatus: pick(random, [302, 307]),
    manifestsRedirect: random() < 0.2,
    blobHead: pick(random, ['redirect', 'answer', 'signed-for-get']),
    abusePage: random() < 0.02,
  };
}

/** Five seconds in which nothing listens. */
async function outage(upstream: Upstream, over: AbortSignal): Promise<void> {
  await upstream.stop();
  for (let waited = 0; waited < 5; waited += 1) await second(over);
  await upstream.start();
}

function second(over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      over.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, 1000);
    over.addEventListener('abort', done);
  });
}
