import { afterEach, describe, expect, it } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { signatureOf } from '../standins/images/attestation.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const secret = makeImage({ layers: [randomLayer('secret', 70_000)] });
const shown = makeImage({ layers: [randomLayer('shown', 50_000)] });
const signature = signatureOf({
  mediaType: secret.manifest.mediaType,
  digest: secret.manifest.digest,
  size: secret.manifest.size,
});
const layer = secret.layers[0]?.digest ?? '';

/** An address in the network `office`, and one outside of it. */
const reader = '198.51.100.7';
const stranger = '203.0.113.9';

const login = { username: 'user', password: { env: 'ACCESS_TOKEN' } };
const office = { for: 'access', readers: ['office'] };

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** Every request that a registry answers about a repository, by the name of the repository. */
const endpoints: readonly (readonly [what: string, path: string, init?: RequestInit])[] = [
  ['manifest by tag', 'manifests/1'],
  ['HEAD by tag', 'manifests/1', { method: 'HEAD' }],
  ['a tag to confirm', 'manifests/1', { headers: { 'cache-control': 'no-cache' } }],
  ['manifest by digest', `manifests/${secret.manifest.digest}`],
  ['HEAD by digest', `manifests/${secret.manifest.digest}`, { method: 'HEAD' }],
  [
    'a manifest that the client has',
    `manifests/${secret.manifest.digest}`,
    { headers: { 'if-none-match': `"${secret.manifest.digest}"` } },
  ],
  ['signature', `manifests/${signature.manifest.digest}`],
  ['blob', `blobs/${layer}`],
  ['HEAD of the blob', `blobs/${layer}`, { method: 'HEAD' }],
  ['range', `blobs/${layer}`, { headers: { range: 'bytes=0-9' } }],
  ['two ranges', `blobs/${layer}`, { headers: { range: 'bytes=0-9,20-29' } }],
  ['range past the end', `blobs/${layer}`, { headers: { range: 'bytes=900000-' } }],
  ['a blob that the client has', `blobs/${layer}`, { headers: { 'if-none-match': `"${layer}"` } }],
  ['config', `blobs/${secret.config.digest}`],
  ['tags', 'tags/list'],
  ['a page of tags', 'tags/list?n=1'],
  ['referrers', `referrers/${secret.manifest.digest}`],
  ['filtered referrers', `referrers/${secret.manifest.digest}?artifactType=none`],
];

/** After a reader has pulled, nobody else learns that a private repository exists. */
export function describeAccess(name: string, start: StartMirror): void {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function scene(
    credentials: object,
    trustProxy: false | 'cloudfront' | readonly string[] = ['127.0.0.0/8', '::1'],
  ): Promise<{ hub: Upstream; mirror: Mirror }> {
    const hub = await startUpstream({ auth: 'anonymous', privateRepositories: ['team/secret'] });
    open.push(() => hub.close());
    hub.add('team/secret', secret, '1', '2');
    hub.add('team/secret', signature);
    hub.add('library/shown', shown, '1');
    const mirror = await start(
      {
        networks: { office: ['198.51.100.0/24'] },
        trustProxy,
        upstreams: { 'docker.io': { url: hub.url, credentials: { ...login, ...credentials } } },
      },
      { ACCESS_TOKEN: 'pass' },
    );
    open.push(() => mirror.close());
    return { hub, mirror };
  }

  /** Requests from an address, in the way of every platform. */
  function from(mirror: Mirror, address: string): Ask {
    return (path, init = {}) => {
      const headers = new Headers(init.headers);
      for (const one of ['x-forwarded-for', 'cf-connecting-ip', 'x-source-ip']) {
        headers.set(one, address);
      }
      return mirror.get(path, { ...init, headers });
    };
  }

  /** Requests that a platform or a proxy got from one address, with these headers. */
  function through(mirror: Mirror, sender: string, headers: Record<string, string>): Ask {
    const known = { 'cf-connecting-ip': sender, 'x-source-ip': sender };
    return (path, init = {}) => {
      const all = { ...Object.fromEntries(new Headers(init.headers)), ...known, ...headers };
      return mirror.get(path, { ...init, headers: all });
    };
  }

  /** All that a client sees of an answer. */
  async function seen(response: Response): Promise<string> {
    const own = ['date', 'x-request-id', 'connection', 'keep-alive'];
    const headers = [...response.headers].filter(([header]) => !own.includes(header));
    return JSON.stringify([response.status, headers, await response.text()]);
  }

  async function pullAll(ask: Ask, repository: string, image: typeof secret): Promise<number[]> {
    const statuses: number[] = [];
    const get = async (path: string) => {
      const response = await ask(`/v2/${repository}/${path}`);
      await response.arrayBuffer();
      statuses.push(response.status);
    };
    await get('manifests/1');
    await get(`manifests/${image.manifest.digest}`);
    for (const blob of [image.config, ...image.layers]) await get(`blobs/${blob.digest}`);
    await get('tags/list');
    await get(`referrers/${image.manifest.digest}`);
    return statuses;
  }

  const isServed = (status: number) => status === 200 || status === 307;

  async function expectHidden(ask: Ask): Promise<void> {
    for (const [what, path, init] of endpoints) {
      const [asked, unknown] = [
        await seen(await ask(`/v2/team/secret/${path}`, init)),
        await seen(await ask(`/v2/team/unknown/${path}`, init)),
      ];
      expect({ what, answer: asked }).toEqual({ what, answer: unknown });
      expect({ what, answer: asked.slice(1, 4) }).toEqual({ what, answer: '404' });
      for (const header of ['etag', 'cache-status', 'docker-content-digest', 'retry-after']) {
        expect(asked).not.toContain(header);
      }
    }
    const elsewhere = await ask(`/v2/library/shown/blobs/${layer}`);
    expect(elsewhere.status).toBe(404);
    await elsewhere.arrayBuffer();
  }

  async function catalogue(ask: Ask, query = ''): Promise<unknown> {
    const response = await ask(`/v2/_catalog${query}`);
    const { repositories } = (await response.json()) as { repositories: string[] };
    return { repositories, link: response.headers.get('link') };
  }

  describe(name, () => {
    it('hides what an account opens to readers from everyone else', async () => {
      const { hub, mirror } = await scene(office);
      const [asReader, asStranger] = [from(mirror, reader), from(mirror, stranger)];
      await expectHidden(asStranger);
      for (let round = 0; round < 2; round++) {
        const statuses = await pullAll(asReader, 'team/secret', secret);
        expect(statuses.every(isServed), String(statuses)).toBe(true);
        await expectHidden(asStranger);
      }
      const statuses = await pullAll(asStranger, 'library/shown', shown);
      expect(statuses.every(isServed), String(statuses)).toBe(true);
      const all = ['library/shown', 'team/secret'];
      expect(await catalogue(asReader)).toEqual({ repositories: all, link: null });
      for (const path of ['', '?n=1', '?n=1000']) {
        expect(await catalogue(asStranger, path)).toMatchObject({
          repositories: ['library/shown'],
        });
      }
      const rest = await catalogue(asStranger, '?n=1&last=library/shown');
      expect(rest).toEqual({ repositories: [], link: null });
      await hub.stop();
      await expectUnobtainable(asStranger);
      expect((await asReader('/v2/team/secret/manifests/1')).status).toBe(200);
      expect((await asStranger('/v2/library/shown/manifests/1')).status).toBe(200);
    });

    it.each([
      ['nobody is trusted', false, stranger, { 'x-forwarded-for': reader }],
      ['the proxy is not trusted', ['192.0.2.0/24'], stranger, { 'x-forwarded-for': reader }],
      [
        'the proxy adds the address to what the client invented',
        ['127.0.0.0/8', '::1'],
        '127.0.0.1',
        { 'x-forwarded-for': `${reader}, ${stranger}` },
      ],
      [
        'CloudFront says it in its own header',
        'cloudfront',
        '127.0.0.1',
        { 'cloudfront-viewer-address': `${stranger}:443`, 'x-forwarded-for': reader },
      ],
    ] as const)('takes no address from a client: %s', async (_, trusted, sender, headers) => {
      const { mirror } = await scene(office, trusted);
      const invented = {
        forwarded: `for=${reader}`,
        'x-real-ip': reader,
        'true-client-ip': reader,
        'x-client-ip': reader,
        ...(trusted !== 'cloudfront' && { 'cloudfront-viewer-address': `${reader}:443` }),
      };
      const ask = through(mirror, sender, { ...invented, ...headers });
      await expectHidden(ask);
      const statuses = await pullAll(ask, 'library/shown', shown);
      expect(statuses.every(isServed), String(statuses)).toBe(true);
    });

    it('reads the address of a reader where CloudFront says it', async () => {
      const { mirror } = await scene(office, 'cloudfront');
      const viewer = { 'cloudfront-viewer-address': `${reader}:443`, 'x-forwarded-for': stranger };
      const statuses = await pullAll(through(mirror, '127.0.0.1', viewer), 'team/secret', secret);
      expect(statuses.every(isServed), String(statuses)).toBe(true);
    });

    it('opens nothing with an account for quota, even to the networks that it names', async () => {
      const { hub, mirror } = await scene({});
      for (const address of [reader, stranger]) {
        const ask = from(mirror, address);
        await expectHidden(ask);
        const statuses = await pullAll(ask, 'library/shown', shown);
        expect(statuses.every(isServed), String(statuses)).toBe(true);
      }
      const missing = await from(mirror, stranger)('/v2/library/shown/manifests/none');
      expect(missing.status).toBe(404);
      hub.clear();
      const again = await from(mirror, stranger)('/v2/library/shown/manifests/1');
      expect([again.status, hub.count({ kind: 'manifest', method: 'GET' })]).toEqual([200, 0]);
    });
  });

  /** While the registry is down, the mirror does not know more of one name than of another. */
  async function expectUnobtainable(ask: Ask): Promise<void> {
    for (const [what, path, init] of endpoints) {
      const [asked, unknown] = [
        await ask(`/v2/team/secret/${path}`, init),
        await ask(`/v2/team/unknown/${path}`, init),
      ];
      expect({ what, status: asked.status }).toEqual({ what, status: unknown.status });
      expect({ what, status: asked.status >= 400 }).toEqual({ what, status: true });
      const text = (await unknown.text()).replaceAll('team/unknown', 'team/secret');
      expect({ what, text: await asked.text() }).toEqual({ what, text });
    }
  }
}
