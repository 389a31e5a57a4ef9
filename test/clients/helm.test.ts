import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../standins/images/content.ts';
import { startDistribution } from './harness/distribution.ts';
import { helm, helmNeeds } from './harness/helm.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { run } from './harness/run.ts';
import { openStage } from './harness/stage.ts';

const needs = { programs: [...helmNeeds, 'docker-registry'], root: false };

describeWith('helm', needs, () => {
  beforeAll(helm, 600_000);

  it('pulls a chart that it pushed to the registry, also when that registry is gone', async () => {
    const program = await helm();
    const stage = await openStage('helm');
    onTestFinished(() => stage.close());
    const env = { HOME: stage.folder, HELM_REGISTRY_CONFIG: join(stage.folder, 'registry.json') };
    const command = (args: readonly string[]) => run(program, args, { env });

    const chart = join(stage.folder, 'app');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(
      join(chart, 'Chart.yaml'),
      'apiVersion: v2\nname: app\ndescription: A chart\nversion: 1.2.3\n',
    );
    writeFileSync(
      join(chart, 'templates/settings.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n',
    );
    expectPulled(await command(['package', chart, '--destination', stage.folder]));
    const packed = join(stage.folder, 'app-1.2.3.tgz');

    const registry = await startDistribution(join(stage.folder, 'registry'));
    onTestFinished(() => registry.stop());
    expectPulled(
      await command(['push', packed, `oci://${registry.address}/charts`, '--plain-http']),
    );

    await stage.restart({ keep: false, url: registry.url, tagTtl: '0ms' });
    for (const [folder, prefix] of [
      ['cold', ''],
      ['prefix', 'docker.io/'],
      ['gone', ''],
    ] as const) {
      if (folder === 'gone') await registry.stop();
      const copied = join(stage.folder, folder);
      mkdirSync(copied);
      const reference = `oci://${stage.tap.address}/${prefix}charts/app`;
      expectPulled(
        await command([
          ...['pull', reference, '--version', '1.2.3', '--plain-http', '--destination', copied],
        ]),
      );
      const got = readFileSync(join(copied, 'app-1.2.3.tgz'));
      expect(digestOf(got)).toBe(digestOf(readFileSync(packed)));
    }
    expect(stage.tap.matching(/\/blobs\/.* -> 200$/).length).toBeGreaterThanOrEqual(3);
  });
});
