import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pushChunkedImages } from './harness/chunked-images.ts';
import { useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startDistribution } from './harness/distribution.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';

const needs = { programs: [...sidNeeds, 'docker-registry'], root: true };
const repository = 'library/chunked';

describeWith('newer podman with zstd:chunked layers', needs, () => {
  useDebianSid();
  const setting = useStage('chunked', async (stage) =>
    startPodman(stage, await debianSid(), 'overlay'),
  );

  it('fetches only the parts that it lacks', async () => {
    const { stage, client } = setting;
    const registry = await startDistribution(join(stage.folder, 'registry'));
    onTestFinished(() => registry.stop());
    await pushChunkedImages(client.tools, stage.origin, registry, repository);
    await stage.restart({ keep: false, url: registry.url });
    const [layer] = await layersAt(stage.mirror.url, '2');
    // Several ranges are for stored blobs.
    for (const tag of ['1', '2']) await store(stage.mirror.url, tag);

    expectPulled(await client.pull(`docker.io/${repository}:1`));
    stage.tap.clear();
    expectPulled(await client.pull(`docker.io/${repository}:2`));
    const asked = stage.tap.matching(new RegExp(`GET .*/blobs/${layer?.digest} `));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.map((one) => one.status)).toEqual(asked.map(() => 206));
    expect(asked.some((one) => one.range?.includes(','))).toBe(true);
    const bytes = asked.reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes).toBeLessThan((layer?.size ?? 0) / 2);
  });
});

interface Described {
  readonly digest: string;
  readonly size: number;
}

async function layersAt(mirror: string, tag: string): Promise<readonly Described[]> {
  const response = await fetch(`${mirror}/v2/${repository}/manifests/${tag}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const manifest: unknown = await response.json();
  return (manifest as { layers: Described[] }).layers;
}

/** Pulls the layers of an image, so that the mirror holds them. */
async function store(mirror: string, tag: string): Promise<void> {
  for (const { digest } of await layersAt(mirror, tag)) {
    const response = await fetch(`${mirror}/v2/${repository}/blobs/${digest}`);
    await response.arrayBuffer();
  }
}
