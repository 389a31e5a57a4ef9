import { createHash } from 'node:crypto';
import { get, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { makeImage } from '../standins/images/image.ts';
import { makeIndex } from '../standins/images/image-index.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const image = makeImage({ layers: [randomLayer('small', 20_000)] });
const largeImage = makeImage({ layers: [randomLayer('large', 60_000)] });
const layer = image.layers[0]?.digest ?? '';
const largeLayer = largeImage.layers[0]?.digest ?? '';
const large = largeImage.layers[0]?.size;

/** Between the layers, in bytes. */
const small = 40_000;

/** A network for each limit. */
const addresses = {
  hardPulls: ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4'],
  softPulls: ['127.0.2.1'],
  hardSize: ['127.0.3.1'],
  softSize: ['127.0.4.1'],
  hardMonth: ['127.0.5.1', '127.0.5.2', '127.0.5.3', '127.0.5.4'],
  softMonth: ['127.0.6.1'],
  reported: ['127.0.7.1'],
  softReported: ['127.0.8.1'],
} as const;

const networks = Object.fromEntries(
  Object.entries(addresses).map(([name, list]) => [name.toLowerCase(), list]),
);

const clients = {
  hardpulls: { pullsPerMinute: 3, limits: 'hard' },
  softpulls: { pullsPerMinute: 3, limits: 'soft' },
  hardsize: { largestBlob: small, limits: 'hard', urlLife: '90s' },
  softsize: { largestBlob: small, limits: 'soft' },
  hardmonth: { bytesPerMonth: 30_000, limits: 'hard' },
  softmonth: { bytesPerMonth: 30_000, limits: 'soft' },
  reported: { pullsPerMinute: 3, limits: 'hard' },
  softreported: { pullsPerMinute: 3, limits: 'soft' },
};

interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const forms = {
  none: (path: string) => `/v2/library/app/${path}`,
  ns: (path: string) => `/v2/library/app/${path}?ns=docker.io`,
  'after-v2': (path: string) => `/v2/docker.io/library/app/${path}`,
  'before-v2': (path: string) => `/docker.io/v2/library/app/${path}`,
} as const;

/** Each limit, soft and hard, from several addresses, in each form of a request. */
export function describeLimits(name: string, start: StartMirror, isRedirected: boolean): void {
  describe(`what a client may consume: ${name}`, () => {
    let hub: Upstream;
    let mirror: Mirror;

    beforeAll(async () => {
      hub = await startUpstream();
      hub.add('library/app', image, '1');
      hub.add('library/app', largeImage, 'large');
      hub.add(
        'library/indexed',
        makeIndex([{ item: largeImage, platform: 'linux/amd64' }]),
        'large',
      );
      const upstreams = { 'docker.io': { url: hub.url, tagTtl: '1h' } };
      mirror = await start({ upstreams, networks, clients });
      for (const path of [
        'manifests/1',
        'manifests/large',
        `blobs/${layer}`,
        `blobs/${largeLayer}`,
      ]) {
        await send(forms.none(path), '127.0.0.1');
      }
      if (isRedirected) await stored(layer, largeLayer);
    });
    afterAll(async () => {
      await mirror?.close();
      await hub?.close();
    });

    /** Sends a request from an address. A Worker has it in a header, which its network sets. */
    function send(
      path: string,
      localAddress: string,
      headers: Readonly<Record<string, string>> = {},
      method = 'GET',
    ): Promise<Sent> {
      const url = new URL(`${mirror.url}${path}`);
      const options = { localAddress, method, agent: false as const };
      return new Promise((resolve, reject) => {
        const request = get(
          url,
          { ...options, headers: { 'cf-connecting-ip': localAddress, ...headers } },
          async (response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk);
            const { statusCode = 0, headers: got } = response;
            resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks) });
          },
        );
        request.on('error', reject);
      });
    }

    /** Waits until blobs come from the bucket. */
    async function stored(...digests: string[]): Promise<void> {
      for (const digest of digests) {
        const isStored = async () => {
          const { headers } = await send(forms.none(`blobs/${digest}`), '127.0.0.1');
          expect(headers.location).toContain('X-Amz-Expires');
        };
        await vi.waitFor(isStored, { timeout: 20_000, interval: 200 });
      }
    }

    /** Several minutes may pass meanwhile, but no more than two. */
    async function pulls(path: string, address: string, headers = {}): Promise<Sent[]> {
      const answers: Sent[] = [];
      for (let pull = 0; pull < 9; pull++) answers.push(await send(path, address, headers));
      return answers;
    }

    it.each([
      ['none', 429],
      ['before-v2', 429],
      ['ns', 503],
      ['after-v2', 503],
    ] as const)('hard: pulls beyond the limit are refused by form (%s)', async (form, status) => {
      const address = addresses.hardPulls[Object.keys(forms).indexOf(form)] ?? '';
      // What a client says about its address does not count.
      let spoof = 0;
      const answers: Sent[] = [];
      for (let pull = 0; pull < 9; pull++) {
        spoof += 1;
        const headers = { 'x-forwarded-for': `198.51.100.${spoof}` };
        answers.push(await send(forms[form]('manifests/1'), address, headers));
      }
      expect(answers[0]?.status).toBe(200);
      expect(answers[0]?.headers['ratelimit-limit']).toBe('3;w=60');
      const refused = answers.filter((answer) => answer.status !== 200);
      expect(refused.length).toBeGreaterThanOrEqual(3);
      for (const { status: got, headers, body } of refused) {
        expect(got).toBe(status);
        const reset = Number(headers['ratelimit-reset']);
        expect(reset).toBeGreaterThanOrEqual(1);
        expect(reset).toBeLessThanOrEqual(60);
        expect(headers['retry-after']).toBe(status === 429 ? '1' : String(reset));
        expect(JSON.parse(body.toString()).errors[0]).toEqual({
          code: 'TOOMANYREQUESTS',
          message: 'more than 3 pulls a minute from your address',
        });
      }
      const head = await send(forms[form]('manifests/1'), address, {}, 'HEAD');
      expect([head.status, head.headers['ratelimit-remaining']]).toEqual([
        200,
        expect.stringMatching(/^\d;w=60$/),
      ]);
      const digest = createHash('sha256').update(image.manifest.bytes).digest('hex');
      expect(head.headers['docker-content-digest']).toBe(`sha256:${digest}`);
    });

    it.each([
      ['reported', 'refused', 'warn'],
      ['softreported', 'warned', 'info'],
    ] as const)(
      'the log and the metrics have what is over a limit, without addresses: %s',
      async (tier, outcome, level) => {
        const [address] = tier === 'reported' ? addresses.reported : addresses.softReported;
        for (let pull = 0; pull < 9; pull++) await send(forms.none('manifests/1'), address);
        // The minute may have ended once meanwhile.
        const [line, ...more] = await vi.waitFor(() => {
          const lines = mirror.output.split('\n').filter((one) => one.includes('client-limited'));
          const ofTier = lines.filter(
            (one) => one.includes(`"tier":"${tier}"`) && one.includes('"requests"'),
          );
          expect(ofTier).not.toEqual([]);
          return ofTier;
        });
        expect(more.length).toBeLessThanOrEqual(1);
        const limit = { tier, limit: 'pullsPerMinute', outcome };
        expect(JSON.parse(line ?? '')).toMatchObject({ level, ...limit, requests: 1 });
        expect(line).not.toContain('127.0');
        const metrics = await mirror.get('/metrics');
        if (metrics.ok) {
          const sample = `pullfront_clients_limited_total{tier="${tier}",limit="pullsPerMinute",outcome="${outcome}"}`;
          const counted = (await metrics.text()).split('\n').find((one) => one.startsWith(sample));
          expect(Number(counted?.split(' ').at(-1))).toBeGreaterThanOrEqual(3);
        } else if (mirror.output.includes('"_aws"')) {
          const counted = mirror.output
            .split('\n')
            .filter((one) => one.includes('"ClientsLimited":1'));
          const ofTier = counted.filter((one) => one.includes(`"tier":"${tier}"`));
          expect(ofTier.length).toBeGreaterThanOrEqual(3);
        }
      },
    );

    it('another address has a limit of its own, and one without limits has none', async () => {
      const [other] = addresses.softPulls;
      expect((await send(forms.none('manifests/1'), other)).headers.warning).toBeUndefined();
      const strangers = await pulls(forms.none('manifests/1'), '127.0.0.1');
      expect(strangers.map(({ status, headers }) => [status, headers['ratelimit-limit']])).toEqual(
        strangers.map(() => [200, undefined]),
      );
    });

    it('soft: pulls beyond the limit get a Warning', async () => {
      const answers = await pulls(forms.none('manifests/1'), addresses.softPulls[0]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const warned = answers.filter(({ headers }) => headers.warning !== undefined);
      expect(warned.length).toBeGreaterThanOrEqual(3);
      for (const { headers } of warned) {
        expect(headers.warning).toBe('299 - "more than 3 pulls a minute from your address"');
        expect(headers['ratelimit-remaining']).toBe('0;w=60');
      }
    });

    it('hard: a blob that is too large is refused, also a range of it', async () => {
      const [address] = addresses.hardSize;
      for (const headers of [{}, { range: 'bytes=0-9' }]) {
        const refused = await send(forms.ns(`blobs/${largeLayer}`), address, headers);
        expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
        expect(refused.body.toString()).toContain(`at most ${small} for your address`);
        const dockerd = await send(forms.none(`blobs/${largeLayer}`), address, headers);
        expect([dockerd.status, dockerd.headers['retry-after']]).toEqual([429, '1']);
      }
      const allowed = await send(forms.none(`blobs/${layer}`), address);
      expect(allowed.status).toBe(isRedirected ? 307 : 200);
      if (isRedirected) expect(allowed.headers.location).toContain('X-Amz-Expires=90');
    });

    it('hard: podman cannot leave after a manifest, so one with a blob too large is refused', async () => {
      const [address] = addresses.hardSize;
      const refused = await send(forms['after-v2']('manifests/large'), address);
      expect([refused.status, refused.body.toString()]).toEqual([
        503,
        expect.stringContaining(`at most ${small} for your address`),
      ]);
      expect((await send(forms['after-v2']('manifests/1'), address)).status).toBe(200);
      expect((await send(forms.none('manifests/large'), address)).status).toBe(200);
    });

    it('hard: podman repeats a pull whose index it has, and then goes to the registry', async () => {
      const [address] = addresses.hardSize;
      const at = (reference: string) => `/v2/docker.io/library/indexed/manifests/${reference}`;
      const digest = createHash('sha256').update(largeImage.manifest.bytes).digest('hex');
      const answers = [];
      for (const reference of ['large', `sha256:${digest}`, 'large']) {
        answers.push((await send(at(reference), address)).status);
      }
      expect(answers).toEqual([200, 424, 503]);
      expect((await send(at('large'), '127.0.0.1')).status).toBe(200);
    });

    it('soft: a blob that is too large is served with a Warning', async () => {
      const answer = await send(forms.none(`blobs/${largeLayer}`), addresses.softSize[0]);
      expect(answer.status).toBe(isRedirected ? 307 : 200);
      expect(answer.headers.warning).toBe(
        `299 - "a blob of ${large} bytes, and at most ${small} for your address"`,
      );
      // Strangers have shorter URLs where clients have limits.
      const stranger = await send(forms.none(`blobs/${layer}`), '127.0.0.1');
      if (isRedirected) expect(stranger.headers.location).toContain('X-Amz-Expires=300&');
    });

    it('hard: after the bytes of a month, manifests and blobs are refused', async () => {
      const [one, two, three] = addresses.hardMonth;
      for (const address of [one, two]) {
        const answers = [];
        for (let pull = 0; pull < 3; pull++) {
          answers.push(await send(forms.ns(`blobs/${layer}`), address));
        }
        // The second begins below the limit.
        const ok = isRedirected ? 307 : 200;
        expect(answers.map(({ status }) => status)).toEqual([ok, ok, 503]);
        expect(answers[2]?.headers['retry-after']).toBe('60');
        expect(Number(answers[2]?.headers['ratelimit-reset'])).toBeLessThanOrEqual(31 * 86_400);
        expect(answers[2]?.body.toString()).toContain('more than 30000 bytes this month');
        expect((await send(forms.none(`blobs/${layer}`), address)).status).toBe(429);
        expect((await send(forms.none('manifests/1'), address)).status).toBe(429);
        expect((await send(forms['after-v2']('manifests/1'), address)).status).toBe(503);
      }
      // A URL of the bucket counts as the whole blob, and a stream as what was sent.
      const ranges = [];
      for (let pull = 0; pull < 3; pull++) {
        ranges.push(await send(forms.ns(`blobs/${layer}`), three, { range: 'bytes=0-99' }));
      }
      expect(ranges.map(({ status }) => status)).toEqual(
        isRedirected ? [307, 307, 503] : [206, 206, 206],
      );
    });

    it('hard: podman gets no manifest whose blobs are more than what is left of the month', async () => {
      const address = addresses.hardMonth[3];
      const at = async (reference: string) => {
        const { status, headers, body } = await send(
          forms['after-v2'](`manifests/${reference}`),
          address,
        );
        return [status, headers['ratelimit-reset'], status === 200 ? '' : body.toString()];
      };
      const refused = [
        503,
        expect.stringMatching(/^\d+$/),
        expect.stringContaining('more than 30000 bytes this month'),
      ];
      expect(await at('large')).toEqual(refused);
      expect(await at('1')).toEqual([200, undefined, '']);
      // Others leave when a blob is refused.
      expect((await send(forms.ns('manifests/large'), address)).status).toBe(200);
      await send(forms['after-v2'](`blobs/${layer}`), address);
      expect(await at('1')).toEqual(refused);
      expect((await send(forms.ns('manifests/1'), address)).status).toBe(200);
    });

    it('soft: after the bytes of a month, there is a Warning', async () => {
      const [address] = addresses.softMonth;
      for (const warned of [false, false, true]) {
        const { headers } = await send(forms.ns(`blobs/${layer}`), address);
        expect(headers.warning).toBe(
          warned ? '299 - "more than 30000 bytes this month for your address"' : undefined,
        );
      }
    });
  });
}
