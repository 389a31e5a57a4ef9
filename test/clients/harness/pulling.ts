import { describe, expect, it } from 'vitest';
import type { Upstream } from '../../standins/registry/upstream.ts';
import { appImage, blobBytes, dataDigest, multiImage, zstdImage } from './app-image.ts';
import type { Setting, Traits } from './client.ts';
import type { Outcome } from './run.ts';

const mebibyte = 1 << 20;

/** A pull that must have worked; else what the client said is the message. */
export function expectPulled(outcome: Outcome): void {
  expect(outcome.ok, `${outcome.stdout}${outcome.stderr}`).toBe(true);
}

/** How many manifests were delivered: what Docker Hub counts as pulls. */
export function pullsAt(upstream: Upstream): number {
  return upstream.count({ kind: 'manifest', method: 'GET', status: 200 });
}

/** What every client must get of a mirror whose upstream works, or worked once. */
export function describePulling(setting: Setting, traits: Traits): void {
  const name = (what: string): string => `${traits.name}-${what}`;
  const reference = (what: string): string => `docker.io/library/${name(what)}:1`;
  const repository = (what: string): string => `library/${name(what)}`;

  describe('pulls', () => {
    it('a new image by tag with one upstream GET of each part', async () => {
      const { upstream } = setting.stage;
      const image = appImage(name('cold'));
      upstream.add(repository('cold'), image, '1');
      expectPulled(await setting.client.pull(reference('cold')));
      expect(pullsAt(upstream)).toBe(1);
      for (const { digest } of [image.config, ...image.layers]) {
        expect(upstream.count({ kind: 'cdn', reference: digest }), digest).toBe(1);
      }
      expect(upstream.bytes('cdn')).toBe(blobBytes(image));
      await setting.client.remove(reference('cold'));
    });

    it('the same image again without any upstream request', async () => {
      const { upstream, tap } = setting.stage;
      upstream.add(repository('warm'), appImage(name('warm')), '1');
      expectPulled(await setting.client.pull(reference('warm')));
      await setting.client.remove(reference('warm'));
      upstream.clear();
      tap.clear();
      expectPulled(await setting.client.pull(reference('warm')));
      expect(upstream.requests).toEqual([]);
      expect(tap.matching(/^GET .*\/blobs\/.* -> 200$/)).toHaveLength(3);
      await setting.client.remove(reference('warm'));
    });

    it('an image by digest', async () => {
      const { upstream } = setting.stage;
      const image = appImage(name('digest'));
      upstream.add(repository('digest'), image);
      const pinned = `docker.io/${repository('digest')}@${image.manifest.digest}`;
      expectPulled(await setting.client.pull(pinned));
      expect(pullsAt(upstream)).toBe(1);
      await setting.client.remove(pinned);
    });

    const platforms = traits.pullsAllPlatforms
      ? "all platforms of an index, each with one of the upstream's pulls"
      : "its own platform of an index: the index and one child are all the upstream's pulls";
    it(platforms, async () => {
      const { stage, client } = setting;
      const { upstream } = stage;
      const { index, own } = multiImage(name('multi'));
      upstream.add(repository('multi'), index, '1');
      expectPulled(await client.pull(reference('multi')));
      expect(pullsAt(upstream)).toBe(traits.pullsAllPlatforms ? 1 + index.children.length : 2);
      expect(
        upstream.count({ kind: 'manifest', method: 'GET', reference: own.manifest.digest }),
      ).toBeGreaterThan(0);
      if (!traits.pullsAllPlatforms) expect(upstream.bytes('cdn')).toBe(blobBytes(own));
      if (traits.runs) {
        const said = await client.run?.(reference('multi'), ['cat', '/name']);
        expect(said).toBe(`${name('multi')}-own`);
      }
      await client.remove(reference('multi'));
    });

    if (traits.runs) {
      it('an image that runs and holds the right bytes', async () => {
        const { client } = setting;
        setting.stage.upstream.add(repository('run'), appImage(name('run')), '1');
        expectPulled(await client.pull(reference('run')));
        const said = await client.run?.(reference('run'), ['sha256sum', '/data']);
        expect(said).toContain(dataDigest(name('run')));
        await client.remove(reference('run'));
      });
    }

    const zstd = traits.unpacksZstd
      ? 'a zstd layer'
      : 'a zstd layer to the end, and cannot unpack it';
    it(zstd, async () => {
      const image = zstdImage(name('zstd'));
      setting.stage.upstream.add(repository('zstd'), image, '1');
      const outcome = await setting.client.pull(reference('zstd'));
      expect(outcome.ok, `${outcome.stdout}${outcome.stderr}`).toBe(traits.unpacksZstd);
      const layer = image.layers[1]?.digest;
      expect(setting.stage.tap.matching(new RegExp(`blobs/${layer}.* -> 200$`))).toHaveLength(1);
      if (outcome.ok) await setting.client.remove(reference('zstd'));
    });
  });

  describe('notices nothing', () => {
    it('when a body breaks between upstream and mirror', async () => {
      const { upstream, tap } = setting.stage;
      const image = appImage(name('broken'));
      upstream.add(repository('broken'), image, '1');
      const digest = image.layers[1]?.digest;
      upstream.fail({
        on: 'cdn',
        match: digest?.slice('sha256:'.length) ?? '',
        times: 1,
        do: { kind: 'truncate', after: mebibyte },
      });
      expectPulled(await setting.client.pull(reference('broken')));
      const fetched = upstream.requests.filter(
        (one) => one.kind === 'cdn' && one.reference === digest,
      );
      expect(fetched.map((one) => one.headers.range)).toEqual([
        undefined,
        expect.stringMatching(/^bytes=[1-9]\d*-/),
      ]);
      expect(tap.passed.filter((one) => one.range !== undefined)).toEqual([]);
      await setting.client.remove(reference('broken'));
    });

    it('when the upstream is gone, but for a warning', async () => {
      const { upstream, tap } = setting.stage;
      await setting.stage.restart({ keep: false, tagTtl: '0ms' });
      upstream.add(repository('stale'), appImage(name('stale')), '1');
      expectPulled(await setting.client.pull(reference('stale')));
      await setting.client.remove(reference('stale'));
      await upstream.stop();
      tap.clear();
      expectPulled(await setting.client.pull(reference('stale')));
      expect(tap.matching(/manifests\/1/).map((one) => one.answer.warning)).toContainEqual(
        expect.stringMatching(/^299 - ".+"$/),
      );
      await setting.client.remove(reference('stale'));
    });

    it('when the mirror was restarted while the upstream is gone', async () => {
      const { upstream } = setting.stage;
      upstream.add(repository('again'), appImage(name('again')), '1');
      expectPulled(await setting.client.pull(reference('again')));
      await setting.client.remove(reference('again'));
      await upstream.stop();
      await setting.stage.restart({ keep: true, tagTtl: '0ms' });
      expectPulled(await setting.client.pull(reference('again')));
      await setting.client.remove(reference('again'));
    });
  });

  const cut = traits.resumes
    ? 'goes on by Range when a body breaks between mirror and client'
    : 'fails when a body breaks between mirror and client, and then succeeds at once';
  it(cut, async () => {
    const { upstream, tap } = setting.stage;
    const image = appImage(name('cut'));
    upstream.add(repository('cut'), image, '1');
    const digest = image.layers[1]?.digest;
    tap.cut({ match: new RegExp(`blobs/${digest}`), after: mebibyte, times: 1 });
    const outcome = await setting.client.pull(reference('cut'));
    expect(outcome.ok, `${outcome.stdout}${outcome.stderr}`).toBe(traits.resumes);
    expect(tap.passed.some((one) => one.cut)).toBe(true);
    if (traits.resumes) {
      expect(tap.matching(/-> 206$/).map((one) => one.range)).toEqual([`bytes=${mebibyte}-`]);
    } else {
      expectPulled(await setting.client.pull(reference('cut')));
    }
    expect(upstream.bytes('cdn')).toBe(blobBytes(image));
    await setting.client.remove(reference('cut'));
  });
}
