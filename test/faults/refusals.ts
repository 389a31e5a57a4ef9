import { describe, expect, it } from 'vitest';
import { openScenes, repository, type Target } from './scene.ts';

const notFound = '{"errors":[{"code":"NOT_FOUND","message":"artifact not found"}]}';

/** What may answer in the registry's place. */
const strangers: readonly (readonly [string, number, string, string])[] = [
  ['a router without a route', 404, 'text/plain', '404 page not found\n'],
  ['a filter', 403, 'text/html', '<title>Blocked by policy</title>'],
  ['a gateway', 404, 'application/json', '{"message":"no Route matched"}'],
  ['a proxy that lost its own upstream', 404, 'application/json', notFound],
];

/** Something else answers in the registry's place, or the registry itself has deleted the image. */
export function describeRefusals(target: Target): void {
  const setScene = openScenes(target);

  describe('the upstream refuses what it had', () => {
    it.each(strangers)('%s: the image goes on, with a Warning', async (_, status, type, body) => {
      const { upstream, mirror, warm, pull, manifest } = await setScene();
      await warm();
      const headers = { 'content-type': type };
      upstream.fail({ on: 'manifest', do: { kind: 'status', status, headers, body } });
      for (const method of ['HEAD', 'GET']) {
        const response = await mirror.get(`/v2/${repository}/manifests/1`, { method });
        expect(response.status).toBe(200);
        expect(response.headers.get('warning')).toMatch(/^299 - "stale: /);
      }
      await upstream.stop();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect((await manifest()).headers.get('warning')).toMatch(/^299 - "stale: /);
    });

    it.each(strangers.slice(0, 2))(
      '%s: what is not mirrored is unavailable, not absent',
      async (_, status, type, body) => {
        const { upstream, manifest, blob } = await setScene();
        const headers = { 'content-type': type };
        for (const on of ['manifest', 'blob'] as const) {
          upstream.fail({ on, do: { kind: 'status', status, headers, body } });
        }
        expect((await manifest()).status).toBe(503);
        expect((await blob(undefined, '?ns=docker.io')).status).toBe(503);
      },
    );
  });
}
