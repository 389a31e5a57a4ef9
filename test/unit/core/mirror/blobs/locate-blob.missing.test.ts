import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import type { RunningMirror } from '../../../../../functions/core/mirror/create-mirror.ts';
import type { FillJob } from '../../../../../functions/core/ports/fill-queue.ts';
import type { UpstreamLocation } from '../../../../../functions/core/ports/manifest-store.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const image = makeImage({ layers: [randomLayer('behind', 300_000), randomLayer('small', 900)] });
const [layer, small] = image.layers as [(typeof image.layers)[0], (typeof image.layers)[0]];
const repository = { registry: 'docker.io', name: 'library/app' };
const digest = known(layer.digest);

let test: MirrorUnderTest;

/** Instances whose fills nobody can follow, with what a real index shares between them. */
beforeEach(async () => {
  const shared = new Map<string, UpstreamLocation>();
  test = await openMirror({
    policy: { delivery: 'redirect' },
    missingBlobs: awaitLarge({ passThroughBytes: 20_000, wait: 2_000 }),
    ports: ({ manifests }) => ({
      manifests: new Proxy(manifests, {
        get(target, name) {
          if (name === 'getUpstreamLocation') {
            return async (_: unknown, what: string) => {
              const location = shared.get(what);
              return location && location.expires > test.now() ? location : undefined;
            };
          }
          if (name === 'putUpstreamLocation') {
            return async (_: unknown, what: string, location: UpstreamLocation) => {
              shared.set(what, location);
            };
          }
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    }),
  });
  test.upstream.add('library/app', image, '1');
});

afterEach(() => test.close());

const blobOf = (mirror: RunningMirror, what = digest) =>
  mirror.repository(repository).locateBlob(what, 'GET', { kind: 'whole' });
const manifestOf = (mirror: RunningMirror) =>
  mirror
    .repository(repository)
    .resolveManifest({ kind: 'digest', digest: known(image.manifest.digest) }, 'GET');

describe('concurrent instances', () => {
  it('cost one GET of a manifest', async () => {
    const instances = Array.from({ length: 8 }, () => test.another());
    const outcomes = await Promise.all(instances.map(manifestOf));
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
    expect(test.upstream.count('GET manifest')).toBe(1);
  });

  it('cost one GET of a tag whose upstream omits the digest on HEAD', async () => {
    test.upstream.hidesDigest = true;
    const reference = { kind: 'tag', tag: '1' } as const;
    const instances = Array.from({ length: 8 }, () => test.another());
    const outcomes = await Promise.all(
      instances.map((mirror) => mirror.repository(repository).resolveManifest(reference, 'GET')),
    );
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
    expect(test.upstream.count('GET manifest')).toBe(1);
  });

  it('cost one GET of such a tag even if their clocks differ', async () => {
    const { upstream } = test;
    upstream.hidesDigest = true;
    const get = upstream.getManifest.bind(upstream);
    upstream.getManifest = async (...ask) => {
      // The one that asks is behind those that wait.
      test.pass(-500);
      return get(...ask);
    };
    const reference = { kind: 'tag', tag: '1' } as const;
    const instances = Array.from({ length: 3 }, () => test.another());
    const outcomes = await Promise.all(
      instances.map((mirror) => mirror.repository(repository).resolveManifest(reference, 'GET')),
    );
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
    expect(upstream.count('GET manifest')).toBe(1);
  });

  it('cost one request for a blob, the fill included', async () => {
    test.upstream.redirects = true;
    await test.tag('library/app', '1');
    const instances = Array.from({ length: 8 }, () => test.another());
    const outcomes = await Promise.all(instances.map((instance) => blobOf(instance)));
    const url = `https://cdn.example/library/app@${digest}`;
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'redirect', url });
    await test.another().handleFill(jobOf(test.queued));
    expect(await test.store.blobs.stat(digest)).toBeDefined();
    expect(test.upstream.count(`LOCATE blob library/app@${digest}`)).toBe(1);
    expect(test.upstream.count('GET blob')).toBe(0);
  });

  it('do the work themselves while leases are unavailable', async () => {
    const acquire = () => Promise.reject(new Error('throttled'));
    const failing = { ...test.store.leases, acquire } as typeof test.store.leases;
    await test.close();
    test = await openMirror({ ports: () => ({ leases: failing }) });
    test.upstream.add('library/app', image, '1');
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'found' });
  });

  it('do the work themselves while the index cannot be read', async () => {
    await test.close();
    const broken = () => Promise.reject(new Error('broken'));
    test = await openMirror({
      ports: ({ manifests }) => ({
        manifests: new Proxy(manifests, {
          get(target, name) {
            const method = Reflect.get(target, name);
            return name === 'getManifest' ? broken : method.bind(target);
          },
        }),
      }),
    });
    test.upstream.add('library/app', image, '1');
    const outcomes = await Promise.all([manifestOf(test.another()), manifestOf(test.another())]);
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
  });
});

describe('a fill', () => {
  it('asks the registry again when the shared redirect fails', async () => {
    test.upstream.redirects = true;
    test.upstream.isExpired = true;
    await test.tag('library/app', '1');
    expect(await test.mirror.handleFill(jobOf(test.queued))).toEqual({ kind: 'done' });
    expect(await test.store.blobs.stat(digest)).toBeDefined();
    expect(test.upstream.count('GET blob')).toBe(1);
  });

  it('is queued once a minute, however many clients miss the blob', async () => {
    test.upstream.redirects = true;
    await test.tag('library/app', '1');
    test.queued.length = 0;
    await Promise.all([blobOf(test.mirror), blobOf(test.mirror)]);
    expect(test.queued).toEqual([]);
    await blobOf(test.another());
    expect(test.queued).toEqual([]);
    test.pass(60_001);
    await Promise.all([blobOf(test.another()), blobOf(test.another())]);
    expect(test.queued).toHaveLength(1);
  });
});

describe('an upstream that serves blobs itself', () => {
  it('gets small blobs passed through, and one request for a redirect', async () => {
    await test.tag('library/app', '1');
    const outcome = await blobOf(test.mirror, known(small.digest));
    expect(Buffer.from(small.bytes).equals(await bytesOf(outcome))).toBe(true);
    await blobOf(test.mirror, known(small.digest));
    expect(test.upstream.count('LOCATE')).toBe(1);
  });

  it('gets one request from all instances, and another after ten minutes', async () => {
    await test.tag('library/app', '1');
    const ask = async () => {
      const instances = Array.from({ length: 40 }, () => test.another());
      for (const outcome of await Promise.all(
        instances.map((instance) => blobOf(instance, known(small.digest))),
      )) {
        await bytesOf(outcome);
      }
    };
    await ask();
    test.pass(599_000);
    await ask();
    expect(test.upstream.count('LOCATE')).toBe(1);
    test.pass(1_000);
    await ask();
    expect(test.upstream.count('LOCATE')).toBe(2);
  });

  it('lets a client wait for the fill of a larger blob', async () => {
    await test.tag('library/app', '1');
    const waiting = blobOf(test.mirror);
    await test.fill();
    expect(Buffer.from(layer.bytes).equals(await bytesOf(await waiting))).toBe(true);
  });

  it('sends the client to the origin when the fill takes too long', async () => {
    await test.tag('library/app', '1');
    const waiting = blobOf(test.mirror);
    const clock = setInterval(() => test.pass(500), 10);
    const outcome = await waiting;
    clearInterval(clock);
    expect(outcome).toMatchObject({ kind: 'unobtainable', error: { kind: 'timeout' } });
  });
});

describe('a new instance', () => {
  it('serves a complete image without looking for each blob', async () => {
    await test.tag('library/app', '1');
    await test.fill();
    const { blobs, manifests } = test.store;
    await vi.waitFor(async () => {
      const noted = await manifests.getManifest(repository, known(image.manifest.digest));
      expect(noted?.complete).toBeDefined();
    });
    const asked: string[] = [];
    const stat = blobs.stat.bind(blobs);
    blobs.stat = (what) => {
      asked.push(what);
      return stat(what);
    };
    const noted: string[] = [];
    blobs.noteStored = (stored) => noted.push(...stored.map((blob) => blob.digest));
    test.pass(40_000);
    expect(await manifestOf(test.another())).toMatchObject({ kind: 'found' });
    expect(asked).toEqual([]);
    expect(noted.sort()).toEqual([layer, small, image.config].map((blob) => blob.digest).sort());
  });

  it('looks for the blobs again a day later: the bucket may have been emptied', async () => {
    await test.tag('library/app', '1');
    await test.fill();
    test.pass(25 * 3_600_000);
    const { blobs } = test.store;
    await blobs.delete(digest);
    test.upstream.asked.length = 0;
    await manifestOf(test.another());
    expect(test.upstream.count('HEAD manifest')).toBe(1);
  });
});

function jobOf(queued: readonly FillJob[]): FillJob {
  const job = queued.find(({ blob }) => blob.digest === digest);
  if (job === undefined) throw new Error('the fill is not queued');
  return job;
}
