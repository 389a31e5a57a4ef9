import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { makeIndex } from '../standins/images/image-index.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const image = (seed: string) => makeImage({ layers: [randomLayer(`tags ${seed}`, 20_000)] });
const [before, after] = [image('before'), image('after')];

const index = makeIndex([
  { item: before, platform: 'linux/amd64' },
  { item: after, platform: 'linux/386' },
]);

const names = ['frozen', 'cooling', 'dated', 'denied', 'plain'] as const;

/** The API of Docker Hub, which says that every tag was pushed a week ago, and who asked. */
async function startHubApi() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const pushed = new Date(Date.now() - 7 * 86_400_000).toISOString();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ digest: before.manifest.digest, tag_last_pushed: pushed }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => void server.close(),
  };
}

/** What a client gets for a tag. */
interface Answer {
  readonly status: number;
  readonly digest: string | null;
  readonly warning: string;
  readonly body: string;
}

/** Whole exchanges about tags that rules decide, over a registry that moves them. */
export function describeTags(name: string, start: StartMirror): void {
  describe(`tags over time on ${name}`, () => {
    let hub: Upstream;
    let mirror: Mirror;
    let hubApi: Awaited<ReturnType<typeof startHubApi>>;

    beforeAll(async () => {
      hub = await startUpstream();
      hubApi = await startHubApi();
      for (const one of names) hub.add(`library/${one}`, before, '1');
      hub.add('library/index', index, '1');
      const tags = [
        { match: 'library/frozen', freeze: true },
        { match: 'library/denied:*', deny: true, mode: 'enforce' },
        { match: 'library/cooling', cooldown: '5s', mode: 'enforce', strict: true },
        {
          match: 'library/dated',
          ...{ cooldown: '3d', clock: 'hub', first: 'refuse', mode: 'enforce' },
        },
        { match: 'library/index', platforms: ['linux/386'], deny: true, mode: 'enforce' },
      ];
      const upstream = { url: hub.url, hubApi: hubApi.url, tagTtl: '1ms', asOf: true, tags };
      mirror = await start({ upstreams: { 'docker.io': upstream } });
    });

    afterAll(async () => {
      await mirror?.close();
      await hub?.close();
      hubApi?.close();
    });

    async function manifest(one: (typeof names)[number] | 'index', tag = '1'): Promise<Answer> {
      const answer = await mirror.get(`/v2/library/${one}/manifests/${tag}`);
      return {
        status: answer.status,
        digest: answer.headers.get('docker-content-digest'),
        warning: answer.headers.get('warning') ?? '',
        body: await answer.text(),
      };
    }

    it('a frozen tag keeps the digest that was seen first', async () => {
      expect(await manifest('frozen')).toMatchObject({ digest: before.manifest.digest });
      hub.add('library/frozen', after, '1');
      const frozen = await manifest('frozen');
      expect(frozen).toMatchObject({ status: 200, digest: before.manifest.digest });
      expect(frozen.warning).toContain('frozen by the rule library/frozen');
    });

    it('a denied tag is refused, and its registry is not asked', async () => {
      const denied = await manifest('denied');
      expect(denied).toMatchObject({ status: 403 });
      expect(denied.body).toContain('denied by the rule library/denied:*');
      expect(hub.count({ kind: 'manifest', repository: 'library/denied' })).toBe(0);
    });

    it('a tag that moved is served as before until the new digest is old enough', async () => {
      const young = await manifest('cooling');
      expect(young).toMatchObject({ status: 200, digest: before.manifest.digest });
      expect(young.warning).toContain('no digest has stood for the cooldown');
      const isReleased = async () => (await manifest('cooling')).warning === '';
      await vi.waitUntil(isReleased, { ...patience, interval: 500 });
      hub.add('library/cooling', after, '1');
      const held = await manifest('cooling');
      expect(held).toMatchObject({ status: 200, digest: before.manifest.digest });
      expect(held.warning).toContain(`docker.io now has ${after.manifest.digest}`);
      const refused = await manifest('cooling', after.manifest.digest);
      expect(refused).toMatchObject({ status: 403 });
      expect(refused.body).toContain('held by the cooldown of library/cooling');
      expect(await manifest('cooling', before.manifest.digest)).toMatchObject({ status: 200 });
      await vi.waitUntil(isReleased, { ...patience, interval: 500 });
      expect(await manifest('cooling')).toMatchObject({ digest: after.manifest.digest });
      expect(await manifest('cooling', after.manifest.digest)).toMatchObject({ status: 200 });
    });

    it('the image of a denied platform is refused, and its index is served', async () => {
      expect(await manifest('index')).toMatchObject({
        status: 200,
        digest: index.manifest.digest,
      });
      const denied = await manifest('index', after.manifest.digest);
      expect(denied).toMatchObject({ status: 403 });
      expect(denied.body).toContain('linux/386 is denied by the rule library/index');
      expect(await manifest('index', before.manifest.digest)).toMatchObject({ status: 200 });
    });

    it('a new tag that was pushed long ago is served, by the clock of the Hub', async () => {
      const path = '/v2/namespaces/library/repositories/dated/tags/1';
      for (let round = 0; round < 3; round += 1) {
        expect(await manifest('dated')).toMatchObject({ status: 200, warning: '' });
      }
      expect(hubApi.asked).toEqual([path]);
      hub.add('library/dated', after, '1');
      // The clock names another digest, so the first sighting counts.
      const held = await manifest('dated');
      expect(held).toMatchObject({ status: 200, digest: before.manifest.digest });
      expect(held.warning).toContain(`docker.io now has ${after.manifest.digest}`);
      expect(hubApi.asked).toEqual([path, path]);
    });

    it('a tag with a date is what the tag named then', async () => {
      await manifest('plain');
      const [today = ''] = new Date().toISOString().replaceAll('-', '').split('T');
      expect(await manifest('plain', `1--as-of-${today}`)).toMatchObject({
        status: 200,
        digest: before.manifest.digest,
      });
      expect(await manifest('plain', `1?as-of=${today}`)).toMatchObject({
        status: 200,
        digest: before.manifest.digest,
      });
      expect(await manifest('plain', '1?as-of=20200101')).toMatchObject({ status: 404 });
      const unknown = await manifest('plain', '1--as-of-20200101');
      expect(unknown).toMatchObject({ status: 404 });
      expect(unknown.body).toContain('the tag was first seen on');
    });
  });
}
