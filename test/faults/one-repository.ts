import { describe, expect, it, vi } from 'vitest';
import { patience } from '../patience.ts';
import type { Fault } from '../standins/registry/faults.ts';
import { image, largeLayer, movedImage, openScenes, repository, type Target } from './scene.ts';

const broken = 'library/broken';

const status = (code: number, headers: Record<string, string> = {}) =>
  ({ kind: 'status', status: code, headers }) as const;

/** One repository of a registry fails, or a host beside the registry, while clients go on asking. */
export function describeOneRepository(target: Target): void {
  const setScene = openScenes(target);

  describe('one repository fails', () => {
    it.each<[string, Fault]>([
      ['400', { on: 'manifest', match: broken, do: status(400) }],
      ['451', { on: 'manifest', match: broken, do: status(451) }],
      ['500', { on: 'manifest', match: broken, do: status(500) }],
      [
        '503, Retry-After: 60',
        { on: 'manifest', match: broken, do: status(503, { 'retry-after': '60' }) },
      ],
      ['503 for its layer', { on: 'blob', match: broken, do: status(503) }],
      ['503 of the blob host', { on: 'cdn', do: status(503) }],
      ['no blob host', { on: 'cdn', do: { kind: 'hang-up' } }],
      ['404 of the token service', { on: 'token', match: broken, do: status(404) }],
      ['503 of the token service', { on: 'token', match: broken, do: status(503) }],
    ])('%s: the moved tag of another is seen at once', async (_, fault) => {
      const { upstream, mirror, warm, manifest } = await setScene({ auth: 'anonymous' });
      await warm();
      upstream.add(repository, movedImage, '2');
      await warm('2', movedImage);
      upstream.add(broken, image, '1');
      upstream.fail(fault);
      const annoy = async () => {
        await mirror.get(`/v2/${broken}/manifests/1`);
        await mirror.get(`/v2/${broken}/blobs/${largeLayer}`, { redirect: 'manual' });
      };
      await annoy();
      for (const moved of [movedImage, image, movedImage]) {
        upstream.add(repository, moved, '1');
        const response = await manifest();
        expect(response.headers.get('warning')).toBeNull();
        expect(response.headers.get('docker-content-digest')).toBe(moved.manifest.digest);
        await annoy();
      }
    });

    it('its own complete image goes on, with a Warning, and the others without', async () => {
      const { upstream, mirror, warm, pull, manifest } = await setScene();
      await warm();
      upstream.add('library/other', image, '1');
      upstream.fail({ on: 'manifest', match: repository, do: status(500) });
      for (const _ of [1, 2]) {
        expect(await pull()).toMatchObject({ isComplete: true });
        expect((await manifest()).headers.get('warning')).toContain('status 500');
        const other = await mirror.get('/v2/library/other/manifests/1');
        expect([other.status, other.headers.get('warning')]).toEqual([200, null]);
      }
    });

    it('three fail: the registry is taken to fail, until it answers somebody', async () => {
      const { upstream, mirror, warm, manifest } = await setScene();
      await warm();
      upstream.fail({ on: 'manifest', match: 'broken/', do: status(500) });
      for (const name of ['x', 'y', 'z']) await mirror.get(`/v2/broken/${name}/manifests/1`);
      expect((await manifest()).headers.get('warning')).toContain('status 500');
      expect(upstream.count({ kind: 'manifest', repository })).toBe(0);
      upstream.add('library/new', image, '1');
      expect((await mirror.get('/v2/library/new/manifests/1')).status).toBe(200);
      expect((await manifest()).headers.get('warning')).toBeNull();
      const told = (event: string, ...parts: string[]) =>
        mirror.output
          .split('\n')
          .filter((line) => [event, ...parts].every((part) => line.includes(`"${part}"`)));
      await vi.waitFor(() => {
        expect(told('backed-off', 'registry', 'docker.io')).toHaveLength(3);
        expect(told('backed-off', 'repository', 'broken/x')).toHaveLength(1);
        expect(told('backed-off', 'broken/z')).toEqual([]);
        expect(told('answers-again', 'docker.io')).toHaveLength(1);
      }, patience);
    });
  });
}
