import { describe, expect, it } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { makeImage } from '../standins/images/image.ts';
import { makeIndex } from '../standins/images/image-index.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { image, openScenes, repository, type Scene, type Target } from './scene.ts';

const other = makeImage({ layers: [randomLayer('other', 1000)], architecture: 'arm64' });
const index = makeIndex([
  { item: image, platform: 'linux/amd64' },
  { item: other, platform: 'linux/arm64' },
]);

/** Docker Hub's limit: HEADs are answered. */
const spent = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 200 } as const;

/** A request of containers/image, which puts the registry after `/v2`. */
const podman = async ({ mirror }: Scene, reference: string) =>
  (await mirror.get(`/v2/docker.io/${repository}/manifests/${reference}`)).status;

/** The mirror checks a tag again 1 ms after it did. */
const outOfDate = () => new Promise((resolve) => setTimeout(resolve, 5));

/** An index cannot be had again from the registry once a client has it from the mirror. */
export function describeImageIndexes<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  /** The index and one image of it are stored. */
  async function withOnePlatform(): Promise<Scene<Mirror>> {
    const scene = await setScene();
    scene.upstream.add(repository, index, 'multi');
    await scene.warm();
    expect(await podman(scene, 'multi')).toBe(200);
    return scene;
  }

  describe('podman and an index of which the mirror has one image', () => {
    it.each([
      ['GETs are limited', ({ upstream }: Scene) => upstream.set({ pullLimit: spent })],
      ['the upstream is down', ({ upstream }: Scene) => upstream.stop()],
    ] as const)('%s: the index is refused after the other image was', async (_, prepare) => {
      const scene = await withOnePlatform();
      await prepare(scene);
      await outOfDate();
      expect(await podman(scene, 'multi')).toBe(200);
      expect(await podman(scene, image.manifest.digest)).toBe(200);
      expect(await podman(scene, other.manifest.digest)).toBe(424);
      expect(await podman(scene, 'multi')).toBe(503);
      expect(await podman(scene, index.manifest.digest)).toBe(503);
      // dockerd and containerd fall back for each manifest.
      for (const query of ['', '?ns=docker.io']) {
        expect((await scene.manifest('multi', query)).status).toBe(200);
      }
    });

    it('refuses an image that no served index names by 503', async () => {
      const scene = await setScene();
      await scene.upstream.stop();
      expect(await podman(scene, other.manifest.digest)).toBe(503);
    });
  });

  it("podman does not get an index that was the upstream's last pull", async () => {
    const scene = await setScene({ pullLimit: { ...spent, limit: 1 } });
    scene.upstream.add(repository, index, 'multi');
    for (const reference of ['multi', 'multi', index.manifest.digest]) {
      expect(await podman(scene, reference)).toBe(503);
    }
    expect((await scene.manifest('multi')).status).toBe(200);
    expect((await scene.manifest('multi', '?ns=docker.io')).status).toBe(200);
    scene.upstream.set({ pullLimit: { ...spent, limit: 100 } });
    await outOfDate();
    expect(await podman(scene, 'multi')).toBe(200);
    expect(await podman(scene, other.manifest.digest)).toBe(200);
  });
}
