import { describe, expect, it } from 'vitest';
import { contentOf, jsonContent } from '../standins/images/content.ts';
import { type IndexChild, makeIndex } from '../standins/images/image-index.ts';
import { oci } from '../standins/images/media-type.ts';
import { image, openScenes, repository, type Target } from './scene.ts';

/** Manifests that nobody makes by mistake. Who may push to an upstream can make them. */
export function describeHostileManifests(target: Target): void {
  const setScene = openScenes(target);

  describe('a hostile manifest', () => {
    it('names the same index many times, three levels deep: nobody waits', async () => {
      const { upstream, mirror, manifest, blob } = await setScene();
      const many = (item: IndexChild['item']) =>
        makeIndex(Array.from({ length: 400 }, () => ({ item })));
      const chain = [many(image)];
      while (chain.length < 3) chain.unshift(many(chain[0] ?? image));
      for (const index of chain) {
        upstream.add(repository, index);
        expect((await manifest(index.manifest.digest)).status).toBe(200);
      }
      await upstream.stop();
      // An instance counts on an upstream that lately answered, until it sees it fail.
      await blob(`sha256:${'0'.repeat(64)}`);
      const [bomb, health] = await Promise.all([
        manifest(chain[0]?.manifest.digest),
        mirror.get('/healthz'),
      ]);
      expect(bomb.status).toBe(503);
      expect(health.status).toBe(200);
      expect(await mirror.end('SIGTERM')).toBe(0);
    });

    it('has 28,000 layers: it is served, and none of them is fetched ahead', async () => {
      const { upstream, mirror, manifest } = await setScene();
      const layers = Array.from({ length: 28_000 }, (_, at) => ({
        mediaType: 'application/x',
        digest: `sha256:${String(at).padStart(64, '0')}`,
        size: 1,
      }));
      const body = {
        schemaVersion: 2,
        mediaType: oci.manifest,
        config: named(image.config),
        layers,
      };
      const huge = jsonContent(body, oci.manifest);
      upstream.add(repository, huge, 'huge');
      upstream.clear();
      const [answer, health] = await Promise.all([manifest('huge'), mirror.get('/healthz')]);
      expect([answer.status, health.status]).toEqual([200, 200]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(huge.bytes)).toBe(true);
      // Another image is not behind it in the queue.
      await (await manifest('1')).arrayBuffer();
      await upstream.until({ kind: 'blob' });
      expect(upstream.requests.filter(({ path }) => path.includes('/blobs/sha256:000'))).toEqual(
        [],
      );
    });

    it('nests 2,000,000 levels deep: it is refused without being parsed', async () => {
      const { upstream, mirror, manifest } = await setScene();
      const text = `{"schemaVersion":2,"config":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`;
      const deep = contentOf(new TextEncoder().encode(text), oci.manifest);
      upstream.add(repository, deep, 'deep');
      const [answer, health] = await Promise.all([manifest('deep'), mirror.get('/healthz')]);
      expect([answer.status, health.status]).toEqual([503, 200]);
    });

    it.each([
      ['CR and LF', 'application/x\r\nSet-Cookie: a=b'],
      ['a NUL', 'application/x\u0000+json'],
      ['letters beyond ASCII', 'application/x\u00e9\u20ac+json'],
      ['a megabyte', `application/${'x'.repeat(1_000_000)}+json`],
      ['markup', 'text/html'],
    ])('calls its type %s: it is served as what it is', async (_, mediaType) => {
      const { upstream, mirror, manifest } = await setScene({ contentType: 'application/json' });
      const { config, layers } = image;
      const body = {
        schemaVersion: 2,
        mediaType,
        config: named(config),
        layers: layers.map(named),
      };
      const odd = jsonContent(body, oci.manifest);
      upstream.add(repository, odd, 'odd');
      for (const reference of ['odd', odd.digest]) {
        const answer = await manifest(reference);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe(oci.manifest);
        expect(answer.headers.get('set-cookie')).toBeNull();
        expect(Buffer.from(await answer.arrayBuffer()).equals(odd.bytes)).toBe(true);
        const head = await mirror.get(`/v2/${repository}/manifests/${reference}`, {
          method: 'HEAD',
        });
        expect([head.status, head.headers.get('content-type')]).toEqual([200, oci.manifest]);
      }
    });
  });
}

function named({ mediaType, digest, size }: typeof image.config) {
  return { mediaType, digest, size };
}
