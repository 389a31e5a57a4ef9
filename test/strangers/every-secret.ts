import { afterEach, expect, it, vi } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import type { FaultAction } from '../standins/registry/faults.ts';
import { startUpstream } from '../standins/registry/upstream.ts';
import { account, basic } from './planted.ts';

/** A blob for each way in which its host fails, and one that arrives. */
const failures: readonly FaultAction[] = [
  { kind: 'status', status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
  { kind: 'status', status: 500 },
  {
    kind: 'status',
    status: 302,
    headers: { location: 'http://127.0.0.1:9/?X-Standin-Signature=x' },
  },
  { kind: 'hang-up' },
  { kind: 'raw', text: 'no http at all\r\n\r\n' },
  { kind: 'truncate', after: 1_000 },
  { kind: 'flip', at: 10 },
];

const image = makeImage({
  layers: [...failures, 'stored'].map((_, number) => randomLayer(`secret ${number}`, 50_000)),
});
const layers = image.layers.map(({ digest }) => digest);
const stored = layers.at(-1);

/** Tokens and signed URLs are in use all the time, and nobody reads them in an output. */
export function describeSecrets<Started extends Mirror>(
  name: string,
  start: StartMirror<Started>,
  ownSecrets: (mirror: Started) => readonly string[] = () => [],
): void {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  it(`${name}: no log, metric, error or header shows a password, a token or a signed URL`, async () => {
    const [hub, other] = [
      await startUpstream({ auth: 'required', accounts: [account] }),
      await startUpstream({ auth: 'anonymous' }),
    ];
    for (const registry of [hub, other]) {
      open.push(() => registry.close());
      registry.add('library/app', image, '1');
    }
    hub.add('library/app', makeImage({ layers: [randomLayer('secret none', 10_000)] }), '2');
    const credentials = {
      username: account.username,
      password: { env: 'SECRET_TOKEN' },
      for: 'access',
      readers: ['anyone'],
    };
    const mirror = await start(
      {
        upstreams: {
          'docker.io': { url: hub.url, tagTtl: '1ms', credentials },
          'quay.io': { url: other.url, tagTtl: '1ms', alternates: ['ghcr.io'] },
          'ghcr.io': { url: other.url },
        },
        log: { level: 'debug' },
      },
      { SECRET_TOKEN: account.password },
    );
    open.push(() => mirror.close());

    const said: string[] = [];
    const bucketSignatures = new Set<string>();
    /** Without Location, which is where a client gets a signed URL. */
    const ask = async (path: string, init: RequestInit = {}): Promise<Response | undefined> => {
      // A blob that fails may cut its connection.
      const answer = await mirror.get(path, init).catch(() => undefined);
      if (answer === undefined) return undefined;
      const headers = [...answer.headers].filter(([header]) => header !== 'location');
      const location = answer.headers.get('location') ?? '';
      const signature = /X-Amz-Signature=(\w+)/.exec(location)?.[1];
      if (signature !== undefined) bucketSignatures.add(signature);
      const text = await answer.text().catch(() => '');
      said.push([answer.status, JSON.stringify(headers), answer.status < 400 ? '' : text].join());
      return answer;
    };

    const repositories = ['library/app', 'quay.io/library/app'];
    for (const [number, failure] of failures.entries()) {
      for (const registry of [hub, other]) {
        registry.fail({
          on: 'cdn',
          match: layers[number]?.slice('sha256:'.length) ?? '',
          do: failure,
        });
      }
    }
    for (const repository of repositories) {
      await ask(`/v2/${repository}/manifests/1`);
      for (const digest of layers) {
        await ask(`/v2/${repository}/blobs/${digest}`);
        await ask(`/v2/${repository}/blobs/${digest}`, { method: 'HEAD' });
      }
    }
    await vi.waitFor(async () => {
      const answer = await ask(`/v2/library/app/blobs/${stored}`);
      const isOwn = answer?.headers.get('location')?.includes('X-Amz-') ?? answer?.status === 200;
      expect(isOwn).toBe(true);
    }, patience);
    // A token is refused, then its service fails, and at last the registry.
    hub.revokeTokens();
    await ask('/v2/library/app/manifests/2');
    hub.fail({ on: 'token', do: { kind: 'status', status: 500 } });
    hub.revokeTokens();
    await ask(`/v2/library/app/tags/list`);
    await ask(`/v2/library/app/referrers/${image.manifest.digest}`);
    await hub.stop();
    await ask('/v2/library/app/manifests/2', { headers: { 'cache-control': 'no-cache' } });
    for (const digest of layers) await ask(`/v2/library/app/blobs/${digest}?ns=docker.io`);
    await ask('/metrics');
    said.push(await (await mirror.get('/metrics')).text());

    const secrets = [
      account.username,
      account.password,
      basic(account).slice('Basic '.length),
      ...hub.secrets,
      ...other.secrets,
      ...bucketSignatures,
      ...ownSecrets(mirror),
    ];
    expect(hub.secrets.some((one) => one.startsWith('token-'))).toBe(true);
    expect(hub.count({ kind: 'cdn' })).toBeGreaterThan(0);
    const outputs = [...said, ...mirror.output.split('\n')];
    const shown = outputs.filter((line) => secrets.some((secret) => line.includes(secret)));
    expect(shown).toEqual([]);
    expect(
      outputs.filter((line) => /(?:Bearer|Basic) \w|X-(?:Amz|Standin)-\w+=/i.test(line)),
    ).toEqual([]);
    expect(mirror.output).toContain('"message":"fill"');
  });
}
