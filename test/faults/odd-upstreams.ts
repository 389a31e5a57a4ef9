import { describe, expect, it } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { image, openScenes, repository, type Target } from './scene.ts';

/** Upstreams that keep to the specification in their own way, or not quite. */
export function describeOddUpstreams<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  describe('an upstream with its own ways', () => {
    it.each([
      ['leaves the digest out (ECR Public)', { digestHeader: false }],
      ['types manifests as application/json', { contentType: 'application/json' }],
      ['refuses HEAD', { headUnsupported: true }],
      ['redirects manifests (registry.k8s.io)', { manifestsRedirect: true }],
      ['redirects blobs by 302', { redirectStatus: 302 }],
      ['redirects HEAD of a blob to a URL signed for GET', { blobHead: 'signed-for-get' }],
      [
        'wants tokens without saying how long they live',
        { auth: 'anonymous', tokenExpiresIn: false },
      ],
    ] as const)('%s', async (_, settings) => {
      const { pull, manifest } = await setScene(settings);
      expect(await pull()).toMatchObject({ isComplete: true });
      const head = await manifest();
      expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
      expect(head.headers.get('content-type')).toBe(image.manifest.mediaType);
    });

    it('states a wrong digest: nothing of it is served', async () => {
      const { manifest } = await setScene({ wrongDigestHeader: true });
      expect((await manifest()).status).toBe(503);
    });

    it('sends headers of its own: none is passed on', async () => {
      const { pull, manifest, blob } = await setScene({
        blobs: 'stream',
        responseHeaders: {
          'set-cookie': 'a=b',
          'x-amzn-remapped-content-length': '5',
          'content-security-policy': 'sandbox',
        },
      });
      await pull();
      for (const response of [await manifest(), await blob()]) {
        expect(response.headers.get('set-cookie')).toBeNull();
        expect(response.headers.get('x-amzn-remapped-content-length')).toBeNull();
        expect(response.headers.get('content-security-policy')).toBeNull();
        expect(response.headers.get('content-encoding')).toBeNull();
      }
    });

    it('redirects blobs to a metadata service: the mirror does not contact it', async () => {
      const settings = { blobsAt: 'http://169.254.169.254' };
      const { blob, manifest } = await setScene(settings, { delivery: 'stream' });
      await (await manifest()).arrayBuffer();
      const response = await blob();
      expect([429, 503]).toContain(response.status);
      expect(await response.text()).toContain('169.254.169.254 has a private address');
    });

    it('has a private repository: our credentials read it, and appear nowhere', async () => {
      const environment = { STANDIN_PASSWORD: 'pass-3f9c' };
      const { upstream, mirror, pull } = await setScene(
        {
          auth: 'anonymous',
          accounts: [{ username: 'user', password: 'pass-3f9c' }],
          privateRepositories: [repository],
        },
        {
          credentials: {
            username: 'user',
            password: { env: 'STANDIN_PASSWORD' },
            for: 'access',
            readers: ['anyone'],
          },
        },
        {},
        environment,
      );
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(upstream.requests.some((one) => one.kind === 'cdn' && one.authorization)).toBe(false);
      await mirror.end('SIGTERM');
      expect(mirror.output).toContain(repository);
      expect(mirror.output).not.toContain('pass-3f9c');
      expect(mirror.output).not.toContain(btoa('user:pass-3f9c'));
      expect(mirror.output).not.toMatch(/Bearer|signature=|token=/i);
    });

    it('never sees what clients send as Authorization', async () => {
      const { upstream, blob, manifest } = await setScene();
      const headers = { authorization: 'Basic c2VjcmV0OnNlY3JldA==' };
      await manifest();
      await blob(undefined, '', { headers });
      expect(upstream.requests.every((one) => one.authorization === undefined)).toBe(true);
    });
  });

  describe('lists', () => {
    it('tags come page by page from an upstream with pages of its own', async () => {
      const { upstream, mirror } = await setScene({ tagsPageSize: 2 });
      for (const tag of ['a', 'b', 'c', 'd']) upstream.add(repository, image, tag);
      const first = await mirror.get(`/v2/${repository}/tags/list?n=3`);
      expect(await first.json()).toEqual({ name: repository, tags: ['1', 'a', 'b'] });
      const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
      const second = await mirror.get(next);
      expect(await second.json()).toEqual({ name: repository, tags: ['c', 'd'] });
    });

    it('the catalogue is what is mirrored', async () => {
      const { mirror, pull } = await setScene();
      expect(await (await mirror.get('/v2/_catalog')).json()).toEqual({ repositories: [] });
      await pull();
      expect(await (await mirror.get('/v2/_catalog')).json()).toEqual({
        repositories: [repository],
      });
    });

    // The peer answers 404, and not in JSON.
    it.each([['api'], ['none'], ['html']] as const)(
      'referrers, upstream: %s',
      async (referrers) => {
        const { mirror } = await setScene({ referrers });
        const response = await mirror.get(`/v2/${repository}/referrers/${image.manifest.digest}`);
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe(
          'application/vnd.oci.image.index.v1+json',
        );
        expect(await response.json()).toMatchObject({ manifests: [] });
      },
    );
  });
}
