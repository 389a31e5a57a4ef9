import { fileURLToPath } from 'node:url';
import { settleDisk } from './download.ts';
import { type Bench, inPairs, Samples, withMirror } from './measure.ts';
import { processMemory } from './process-memory.ts';
import type { PullOrder, PullReport } from './puller.ts';
import type { Goal, Row } from './row.ts';
import { type StandIn, startStandIn } from './stand-in.ts';
import type { Workspace } from './workspace.ts';

const layers = 8;
const imageBytes = 95e6;

/** N cold pulls of one image at once: what they cost upstream, how long they take, memory. */
export async function measureConcurrentPulls(bench: Bench): Promise<Row[]> {
  const standIn = await startStandIn(bench.workspace, layers, imageBytes / layers);
  const rows: Row[] = [];
  for (const pulls of bench.short ? [20] : [20, 200]) {
    for (const limit of bench.short ? [undefined] : [undefined, 10e6]) {
      await standIn.limit(limit);
      rows.push(...(await measurePulls(bench, standIn, pulls, limit)));
    }
  }
  await standIn.end();
  return rows;
}

async function measurePulls(
  bench: Bench,
  standIn: StandIn,
  pulls: number,
  limit: number | undefined,
): Promise<Row[]> {
  const title = `${pulls} cold pulls, upstream ${limit === undefined ? 'fast' : '10 MB/s'}`;
  const blobs = standIn.image.blobs;
  const size = blobs.reduce((sum, one) => sum + one.size, 0);
  const seen = {
    manifestGets: new Samples(),
    blobGets: new Samples(),
    distinct: new Samples(),
    bytes: new Samples(),
    slowest: new Samples(),
    failures: new Samples(),
    memory: new Samples(),
  };
  await inPairs(bench, 1, async (contender) => {
    bench.progress(`${title}, ${contender.name}`);
    await settleDisk(bench.workspace);
    await withMirror(contender, standIn.url, async ({ url, pid }) => {
      await standIn.clear();
      const report = await pullAtOnce(bench.workspace, { url, ...standIn.image, pulls });
      const use = await standIn.use();
      const { name } = contender;
      seen.manifestGets.add(name, use.manifestGets);
      seen.blobGets.add(name, use.blobGets);
      seen.distinct.add(name, use.distinctBlobs);
      seen.bytes.add(name, use.blobBytes / size);
      seen.slowest.add(name, report.slowest / 1000);
      seen.failures.add(name, failuresOf(report));
      seen.memory.add(name, (await processMemory(pid)).highest / 1e6);
    });
  });
  const atMost = (value: number): Goal => ({ kind: 'at most', value });
  return [
    seen.manifestGets.row(`${title}: upstream manifest GETs`, '', atMost(1)),
    seen.blobGets.row(`${title}: upstream blob GETs`, '', atMost(blobs.length)),
    seen.distinct.row(`${title}: distinct blobs`, ''),
    seen.bytes.row(`${title}: bytes from upstream`, 'images', atMost(1)),
    seen.slowest.row(`${title}: slowest pull`, 's'),
    seen.failures.row(`${title}: failures`, '', atMost(0)),
    seen.memory.row(`${title}: highest RSS`, 'MB', pulls === 200 ? atMost(300) : undefined),
  ];
}

async function pullAtOnce(workspace: Workspace, order: PullOrder): Promise<PullReport> {
  const program = fileURLToPath(new URL('./puller.mjs', import.meta.url));
  return JSON.parse(await workspace.run(process.execPath, [program, JSON.stringify(order)]));
}

function failuresOf(report: PullReport): number {
  return Object.values(report.failures).reduce((sum, one) => sum + one, 0);
}
