import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../standins/images/content.ts';
import { appImage, blobBytes, multiImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { containersImageTraits } from './harness/containers-image-set-up.ts';
import { startDistribution } from './harness/distribution.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';

const traits = { ...containersImageTraits, name: 'skopeo', runs: false };

describeWith('skopeo', { programs: ['skopeo', 'zstd', 'busybox'], root: false }, () => {
  const setting = useStage('skopeo', (stage) => startSkopeo(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('copies', () => {
    it('eight times at once: one GET of the manifest, one of each blob, the bytes once', async () => {
      const { stage, client } = setting;
      const image = appImage('skopeo-eight');
      stage.upstream.add('library/skopeo-eight', image, '1');
      const folders = Array.from({ length: 8 }, (_, number) => join(stage.folder, `c${number}`));
      const outcomes = await Promise.all(
        folders.map((folder) => client.copy('docker.io/library/skopeo-eight:1', folder)),
      );
      for (const outcome of outcomes) expectPulled(outcome);
      expect(pullsAt(stage.upstream)).toBe(1);
      for (const { digest } of [image.config, ...image.layers]) {
        expect(stage.upstream.count({ kind: 'cdn', reference: digest }), digest).toBe(1);
      }
      expect(stage.upstream.bytes('cdn')).toBe(blobBytes(image));
    });

    it('an index with all its platforms, byte for byte', async () => {
      const { stage, client } = setting;
      const { index } = multiImage('skopeo-all');
      stage.upstream.add('library/skopeo-all', index, '1');
      const folder = join(stage.folder, 'all');
      expectPulled(await client.copy('docker.io/library/skopeo-all:1', folder, ['--all']));
      expect(digestOf(readFileSync(join(folder, 'manifest.json')))).toBe(index.manifest.digest);
      expect(pullsAt(stage.upstream)).toBe(1 + index.children.length);
    });

    it('the list of tags', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/skopeo-tags', appImage('skopeo-tags'), '1', '2', 'latest');
      const outcome = await client.tools.skopeo([
        ...['list-tags', '--tls-verify=false'],
        `docker://${stage.tap.address}/library/skopeo-tags`,
      ]);
      expectPulled(outcome);
      expect(JSON.parse(outcome.stdout)).toMatchObject({ Tags: ['1', '2', 'latest'] });
    });
  });
});

const withRegistry = { programs: ['skopeo', 'docker-registry', 'busybox'], root: false };

describeWith('a mirror of CNCF distribution', withRegistry, () => {
  const setting = useStage('cncf', (stage) => startSkopeo(stage));

  it('gives what was pushed there, and still gives it when that registry is gone', async () => {
    const { stage, client } = setting;
    const registry = await startDistribution(join(stage.folder, 'registry'));
    const { index, own } = multiImage('cncf');
    stage.origin.add('library/cncf', index, '1');
    expectPulled(
      await client.tools.skopeo([
        ...['copy', '--quiet', '--all', '--src-tls-verify=false', '--dest-tls-verify=false'],
        `docker://${new URL(stage.origin.url).host}/library/cncf:1`,
        `docker://${registry.address}/library/cncf:1`,
      ]),
    );
    stage.origin.clear();
    await stage.restart({ keep: false, url: registry.url, tagTtl: '0ms' });
    for (const folder of ['cold', 'warm', 'stale']) {
      if (folder === 'stale') await registry.stop();
      const copied = join(stage.folder, folder);
      expectPulled(await client.copy('docker.io/library/cncf:1', copied));
      expect(digestOf(readFileSync(join(copied, 'manifest.json')))).toBe(own.manifest.digest);
    }
    expect(stage.origin.requests).toEqual([]);
  });
});
