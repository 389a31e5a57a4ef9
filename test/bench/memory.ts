import { bigImage, layerUrl, startBigOrigin } from './big-image.ts';
import { download } from './download.ts';
import { type Bench, inPairs, Samples, withMirror } from './measure.ts';
import { processMemory } from './process-memory.ts';
import { readManifest } from './pull.ts';
import type { Row } from './row.ts';

/** Resident memory: at rest, and with one cold and four warm downloads of a big layer at once. */
export async function measureMemory(bench: Bench): Promise<Row[]> {
  const bytes = bench.short ? 256e6 : 1e9;
  bench.progress(`making two layers of ${bytes / 1e6} MB`);
  const { origin, image } = await startBigOrigin(bench.workspace, 2, bytes);
  const [warm, cold] = image.layers;
  if (warm === undefined || cold === undefined) throw new Error('the image lacks layers');
  const idle = new Samples();
  const busy = new Samples();
  await inPairs(bench, 1, async (contender) => {
    await withMirror(contender, origin.url, async (mirror) => {
      bench.progress(`memory, ${contender.name}`);
      idle.add(contender.name, (await processMemory(mirror.pid)).now / 1e6);
      await readManifest({ url: mirror.url, ...bigImage });
      await download(bench.workspace, layerUrl(mirror.url, warm), warm.size);
      await mirror.stored(warm.digest);
      await Promise.all(
        [cold, warm, warm, warm, warm].map((one) =>
          download(bench.workspace, layerUrl(mirror.url, one), one.size),
        ),
      );
      busy.add(contender.name, (await processMemory(mirror.pid)).highest / 1e6);
    });
  });
  await origin.end();
  const title = `1 cold and 4 warm pulls of ${bytes / 1e6} MB at once: highest RSS`;
  return [idle.row('idle: RSS', 'MB'), busy.row(title, 'MB', { kind: 'at most', value: 200 })];
}
