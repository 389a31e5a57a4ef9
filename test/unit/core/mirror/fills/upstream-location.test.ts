import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import type { UpstreamLocation } from '../../../../../functions/core/ports/manifest-store.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const image = makeImage({ layers: [randomLayer('layer', 1000), randomLayer('next', 1000)] });
const [layer, next] = image.layers;
const digest = known(layer?.digest ?? '');

/** What the index answers, whoever wrote it and however long ago. */
let row: UpstreamLocation | undefined;
let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror({
    policy: { delivery: 'redirect' },
    missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }),
    ports: ({ manifests }) => ({
      manifests: new Proxy(manifests, {
        get(target, name) {
          if (name === 'getUpstreamLocation') return async () => row;
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      }),
    }),
  });
  test.upstream.redirects = true;
  test.upstream.add(repository.name, image, '1');
  await test.tag('library/app', '1');
});
afterEach(() => test.close());

const located = async (blob: string = digest) => {
  const outcome = await test.blob('library/app', blob);
  return outcome.kind === 'redirect' ? outcome.url : outcome.kind;
};

describe('the location of a blob that another instance shared', () => {
  it('is used until it expires', async () => {
    row = { url: 'https://cdn.example/shared', expires: test.now() + 30_000 };
    expect(await located()).toBe('https://cdn.example/shared');
    test.pass(30_000);
    expect(await located()).not.toBe('https://cdn.example/shared');
  });

  it('is also that the registry serves the blobs of the repository itself', async () => {
    row = { url: undefined, expires: test.now() + 500_000 };
    expect([await located(), await located(next?.digest)]).not.toContain(undefined);
    expect(test.upstream.count('LOCATE blob')).toBe(0);
    row = undefined;
    await located();
    expect(test.upstream.count('LOCATE blob')).toBe(0);
  });

  it.each([
    ['that expired, and which the table has not deleted yet', 0],
    ['that says it is valid for a day', 86_400_000],
  ])('is not used from a row %s', async (_, left) => {
    row = { url: 'https://evil.example/blob', expires: test.now() + left };
    expect(await located()).not.toBe('https://evil.example/blob');
    expect(test.upstream.count('LOCATE blob')).toBe(1);
  });
});

describe('the location of a blob', () => {
  const count = () => test.upstream.count('LOCATE blob');

  it('is asked for each blob that the upstream redirects, and kept for a while', async () => {
    for (let round = 0; round < 3; round++) {
      expect(await located()).toBe(`https://cdn.example/library/app@${digest}`);
      expect(await located(next?.digest)).toBe(`https://cdn.example/library/app@${next?.digest}`);
    }
    expect(count()).toBe(2);
  });

  it('is asked once for all blobs of a repository whose registry serves them itself', async () => {
    test.upstream.redirects = false;
    for (const blob of [digest, next?.digest, digest])
      expect(await located(blob)).not.toMatch(/^https:/);
    expect(count()).toBe(1);
  });
});
