import { bigImage, layerUrl, startBigOrigin } from './big-image.ts';
import { download, settleDisk } from './download.ts';
import { type Bench, inPairs, Samples, withMirror } from './measure.ts';
import { readManifest, verifyBlob } from './pull.ts';
import type { Row } from './row.ts';

/** MB/s of one big blob: cold on an empty store, and warm. */
export async function measureBigBlob(bench: Bench): Promise<Row[]> {
  const bytes = bench.short ? 256e6 : 1e9;
  bench.progress(`making a blob of ${bytes / 1e6} MB`);
  const { origin, image } = await startBigOrigin(bench.workspace, 1, bytes);
  const [layer] = image.layers;
  if (layer === undefined) throw new Error('the image has no layer');
  const cold = new Samples();
  const warm = new Samples();
  const rounds = bench.short ? 1 : 3;
  await inPairs(bench, rounds, async (contender, round) => {
    await settleDisk(bench.workspace);
    await withMirror(contender, origin.url, async (mirror) => {
      bench.progress(`blob of ${bytes / 1e6} MB, ${contender.name}, round ${round + 1}`);
      await readManifest({ url: mirror.url, ...bigImage });
      const url = layerUrl(mirror.url, layer);
      cold.add(contender.name, (await download(bench.workspace, url, layer.size)) / 1e6);
      if (round < rounds - 1) return;
      await mirror.stored(layer.digest);
      await verifyBlob(url, layer.digest, layer.size);
      for (let time = 0; time < (bench.short ? 1 : 5); time += 1) {
        warm.add(contender.name, (await download(bench.workspace, url, layer.size)) / 1e6);
      }
    });
  });
  await origin.end();
  const title = `${bytes / 1e6} MB blob`;
  return [
    warm.row(`${title}, warm`, 'MB/s', { kind: 'ratio at least', value: 1 }),
    cold.row(`${title}, cold`, 'MB/s', { kind: 'ratio at least', value: 1.3 }),
  ];
}
