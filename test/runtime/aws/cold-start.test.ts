import { expect, test } from 'vitest';
import { startAws } from '../../forms/aws/functions.ts';
import { makeImage } from '../../standins/images/image.ts';
import { textLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';
import { bareFunction, ColdStarts, measureByTurns, withFunction } from './cold-start.ts';

const times = 11;

/**
 * It takes some 70 ms of the processor above a function that does nothing. The bound is wide, and of
 * the processor's time, because a machine that does other work at the same time is several times
 * slower; `npm run bench:aws` measures in peace.
 */
const bound = 400;

test('a new instance answers soon', async () => {
  const upstream = await startUpstream({ auth: 'anonymous' });
  const image = makeImage({ layers: [textLayer({ a: 'b' })] });
  upstream.add('library/app', image, '1');
  const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
  const aws = await startAws({ configuration });
  try {
    const path = '/v2/library/app/manifests/1';
    // A new instance serves without asking the upstream what is known to be complete.
    await aws.get(path);
    for (const { digest } of [image.config, ...image.layers]) {
      const isStored = async () => {
        const { headers } = await aws.get(`/v2/library/app/blobs/${digest}`);
        return headers.get('cache-status')?.includes('hit');
      };
      while (!(await isStored())) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const pull = aws.functionOf('pull');
    const ping = new ColdStarts({ ...pull, target: '/v2/' });
    const manifest = new ColdStarts({ ...pull, target: path });
    const bare = await withFunction(bareFunction, async (made) => {
      const starts = new ColdStarts(made);
      await measureByTurns([starts, ping, manifest], times);
      return starts;
    });
    const above = ({ cpu }: ColdStarts) => cpu.median - bare.cpu.median;
    console.log(
      `cold start, ms of the processor above a bare function: ping ${above(ping).toFixed(1)}`,
      `(load ${ping.load.median.toFixed(1)}, first ${ping.first.median.toFixed(1)}),`,
      `manifest ${above(manifest).toFixed(1)} (first ${manifest.first.median.toFixed(1)})`,
    );
    expect(above(ping)).toBeLessThan(bound);
    expect(above(manifest)).toBeLessThan(bound);
  } finally {
    await aws.close();
    await upstream.close();
  }
});
