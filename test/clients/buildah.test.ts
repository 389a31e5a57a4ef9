import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { appImage, dataDigest } from './harness/app-image.ts';
import { startBuildah } from './harness/buildah-client.ts';
import { useStage } from './harness/client.ts';
import { containersImageTraits } from './harness/containers-image-set-up.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';

const traits = { ...containersImageTraits, name: 'buildah', runs: true };
const needs = { programs: ['buildah', 'runc', 'zstd', 'busybox'], root: true };

describeWith('buildah', needs, () => {
  const setting = useStage('buildah', (stage) => startBuildah(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);

  it('builds over the mirror', async () => {
    const { stage, client } = setting;
    stage.upstream.add('library/buildah-base', appImage('buildah-base'), '1');
    const file = join(stage.folder, 'Containerfile');
    writeFileSync(file, 'FROM docker.io/library/buildah-base:1\nRUN sha256sum /data\n');
    const outcome = await client.tools.buildah([
      ...['build', '--isolation', 'chroot', '--file', file, stage.folder],
    ]);
    expectPulled(outcome);
    expect(outcome.stdout).toContain(dataDigest('buildah-base'));
    expect(pullsAt(stage.upstream)).toBe(1);
    expect(stage.origin.requests).toEqual([]);
  });
});
