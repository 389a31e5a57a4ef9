import { type Bench, inPairs, Samples, withMirror } from './measure.ts';
import { pullImage } from './pull.ts';
import type { Row } from './row.ts';
import { startStandIn } from './stand-in.ts';

/** What a pull by tag costs upstream when everything is mirrored and the tag was just checked. */
export async function measureWarmPull(bench: Bench): Promise<Row[]> {
  const standIn = await startStandIn(bench.workspace, 3, 1e6);
  const requests = new Samples();
  bench.progress('upstream requests of a warm pull');
  await inPairs(bench, 1, async (contender) => {
    await withMirror(contender, standIn.url, async (mirror) => {
      const target = { url: mirror.url, ...standIn.image };
      await pullImage(target);
      for (const { digest } of standIn.image.blobs) await mirror.stored(digest);
      await standIn.clear();
      await pullImage(target);
      requests.add(contender.name, (await standIn.use()).requests);
    });
  });
  await standIn.end();
  const goal = { kind: 'at most', value: 0 } as const;
  return [requests.row('warm pull by tag: upstream requests', '', goal)];
}
