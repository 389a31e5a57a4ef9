import { afterEach, describe, expect, it } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';
import { account, basic, client, clientAddress, plantedIn, sourceAddress } from './planted.ts';

const image = makeImage({ layers: [randomLayer('strangers', 50_000)] });
const layer = image.layers[0]?.digest ?? '';

/** The variable with the account's password. */
const variable = 'PLANTED_TOKEN';

/** What strangers ask, and the log's debug lines, show no account, no password and no address. */
export function describeOutputs(name: string, start: StartMirror): void {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** docker.io counts the planted account, ghcr.io the mirror's address; little is left of both. */
  async function scene(): Promise<{ hub: Upstream; mirror: Mirror }> {
    const hub = await startUpstream({
      auth: 'required',
      accounts: [account],
      pullLimit: { limit: 2, accountLimit: 3, windowSeconds: 21_600 },
    });
    open.push(() => hub.close());
    const ghcr = await startUpstream({
      responseHeaders: {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '5;w=21600',
        'docker-ratelimit-source': sourceAddress,
      },
    });
    open.push(() => ghcr.close());
    for (const upstream of [hub, ghcr]) upstream.add('library/app', image, '1', '2', '3', '4');
    const credentials = {
      username: account.username,
      password: { env: variable },
      for: 'access',
      readers: ['anyone'],
    };
    const mirror = await start(
      {
        upstreams: {
          'docker.io': { url: hub.url, tagTtl: '1ms', credentials },
          'ghcr.io': { url: ghcr.url, tagTtl: '1ms' },
        },
        log: { level: 'debug' },
      },
      { [variable]: account.password },
    );
    open.push(() => mirror.close());
    return { hub, mirror };
  }

  /** Status, headers and body of an answer, as one text. */
  async function answer(mirror: Mirror, path: string, method = 'GET'): Promise<string> {
    const headers = {
      authorization: basic(client),
      'x-forwarded-for': clientAddress,
      'cf-connecting-ip': clientAddress,
    };
    const response = await mirror.get(path, { method, headers });
    const lines = [...response.headers].map((header) => header.join(': '));
    return [path, response.status, ...lines, await response.text()].join('\n');
  }

  describe(name, () => {
    it('says of itself whether it works, and which version it is', async () => {
      const { mirror } = await scene();
      await answer(mirror, '/v2/library/app/manifests/1');
      const response = await mirror.get('/healthz');
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await response.json()).toEqual({
        status: 'ok',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      });
      const head = await mirror.get('/healthz?verbose', { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      const post = await mirror.get('/healthz', { method: 'POST' });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });

    it('shows no account, password or address, whatever its registries say', async () => {
      const { hub, mirror } = await scene();
      const answers: string[] = [];
      const ask = async (path: string, method?: string) => {
        answers.push(await answer(mirror, path, method));
      };
      const manifests = '/v2/library/app/manifests';
      for (const path of ['/v2/', '/v2', '/healthz', '/metrics', '/']) await ask(path);
      await ask(`${manifests}/1`, 'HEAD');
      for (const tag of ['1', '2', 'none']) await ask(`${manifests}/${tag}`);
      await ask(`/v2/library/app/blobs/${layer}`);
      await ask('/ghcr.io/v2/library/app/manifests/1');
      await ask('/v2/library/app/manifests/1?ns=ghcr.io');
      await ask(`/v2/ghcr.io/library/app/blobs/${layer}`);
      for (const path of ['tags/list', `referrers/${image.manifest.digest}`]) {
        await ask(`/v2/library/app/${path}`);
      }
      await ask('/v2/_catalog');
      await ask(`${manifests}/1`, 'PUT');
      // Its registry fails in the words of somebody who knows whom it counts.
      const words = `${account.username} (${sourceAddress}), ${basic(account)}`;
      const fail = async (status: number) => {
        const tag = `e${status}`;
        const headers = {
          'x-account': words,
          ...(status === 307 && {
            location: `http://${account.username}:${account.password}@127.0.0.1:9/`,
          }),
        };
        const body = JSON.stringify({ errors: [{ code: 'DENIED', message: words }] });
        hub.fail({ on: 'manifest', match: tag, do: { kind: 'status', status, headers, body } });
        await ask(`${manifests}/${tag}`);
        await ask(`${manifests}/${tag}?ns=docker.io`);
      };
      for (const status of [401, 403, 404, 500, 307]) await fail(status);
      // Its password is refused.
      hub.set({ accounts: [] });
      hub.revokeTokens();
      await ask('/v2/library/other/manifests/1');
      await ask('/v2/library/other/manifests/1?ns=docker.io');
      // After a 429 the registry is asked for nothing more.
      hub.set({ accounts: [account] });
      await fail(429);
      await ask('/healthz');
      await ask('/metrics');

      expect(answers.flatMap(plantedIn)).toEqual([]);
      expect(plantedIn(mirror.output)).toEqual([]);
      // It did meet all of it: the account got in, and both limits were read.
      expect(hub.count({ kind: 'manifest', method: 'GET', status: 200 })).toBeGreaterThan(0);
      expect(answers.join('\n')).toContain('the credentials were refused (401)');
      const lines = mirror.output.split('\n');
      for (const [registry, credentials] of [
        ['docker.io', 'account-1'],
        ['ghcr.io', 'anonymous'],
      ]) {
        const parts = ['"rate-limit"', `"${registry}"`, `"credentials":"${credentials}"`];
        expect(lines.some((line) => parts.every((part) => line.includes(part)))).toBe(true);
      }
    });
  });
}
