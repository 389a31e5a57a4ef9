import { expect, it } from 'vitest';
import { appImage, blobBytes, dataDigest } from './harness/app-image.ts';
import { type Setting, useStage } from './harness/client.ts';
import { startEdgeMirror } from './harness/edge-mirror.ts';
import { expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { triedClients } from './harness/tried-clients.ts';

// What clients do in every case is shown over one machine; here, that they get on with a Worker.
for (const { name, programs, start } of triedClients) {
  describeWith(`${name} over the edge`, { programs, root: true }, () => {
    const setting = useStage(`edge-${name}`, start, startEdgeMirror);

    it('pulls a new image by the upstream’s redirects, and again out of R2', async () => {
      const { stage, client } = setting;
      const image = appImage(`edge-${name}`);
      const reference = `docker.io/library/edge-${name}:1`;
      stage.upstream.add(`library/edge-${name}`, image, '1');
      expectPulled(await client.pull(reference));
      expect(pullsAt(stage.upstream)).toBe(1);
      expect(stage.upstream.bytes('cdn')).toBeGreaterThanOrEqual(blobBytes(image));
      await client.remove(reference);

      await stored(
        setting,
        `library/edge-${name}`,
        image.layers.map(({ digest }) => digest),
      );
      await stored(setting, `library/edge-${name}`, [image.config.digest]);
      stage.upstream.clear();
      stage.tap.clear();
      expectPulled(await client.pull(reference));
      expect(stage.upstream.requests).toEqual([]);
      expect(stage.tap.matching(/^GET .*\/blobs\/.* -> 200$/)).toHaveLength(3);
      const said = await client.run?.(reference, ['sha256sum', '/data']);
      expect(said).toContain(dataDigest(`edge-${name}`));
      await client.remove(reference);
    });
  });
}

/** Asks the Worker for blobs until they come out of R2. */
async function stored(
  { stage }: Setting,
  repository: string,
  digests: readonly string[],
): Promise<void> {
  for (const digest of digests) {
    for (;;) {
      const response = await fetch(`${stage.mirror.url}/v2/${repository}/blobs/${digest}`);
      await response.arrayBuffer();
      if (response.headers.get('cache-status')?.includes('hit')) break;
    }
  }
}
