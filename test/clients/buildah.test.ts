import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { appImage, dataDigest } from './harness/app-image.ts';
import { type Client, useStage } from './harness/client.ts';
import { type ContainersImage, prepareContainersImage } from './harness/containers-image.ts';
import { containersImageTraits, registriesOf } from './harness/containers-image-set-up.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import type { Stage } from './harness/stage.ts';

interface BuildahClient extends Client {
  readonly tools: ContainersImage;
}

async function start(stage: Stage): Promise<BuildahClient> {
  const tools = prepareContainersImage(stage.folder);
  tools.registries(registriesOf(stage));
  const { buildah } = tools;
  return {
    tools,
    pull: (reference) => buildah(['pull', '--quiet', reference]),
    async remove(reference) {
      expectPulled(await buildah(['rmi', '--force', reference]));
    },
    async run(reference, command) {
      const from = await buildah(['from', '--pull-never', reference]);
      expectPulled(from);
      const container = from.stdout.trim();
      const outcome = await buildah(['run', '--isolation', 'chroot', container, '--', ...command]);
      await buildah(['rm', container]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    stop: () => Promise.resolve(),
  };
}

const traits = { ...containersImageTraits, name: 'buildah', runs: true };
const needs = { programs: ['buildah', 'runc', 'zstd', 'busybox'], root: true };

describeWith('buildah', needs, () => {
  const setting = useStage('buildah', start);
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
