import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const layer = randomLayer('private', 100_000);
const image = makeImage({ layers: [layer] });
const get = `GET blob app@${layer.digest} 0`;

let test: MirrorUnderTest;

/** A mirror that stored an image of `docker.io`, which the other registry says it has as well. */
async function open(differences: Parameters<typeof openMirror>[0] = {}) {
  test = await openMirror(differences);
  test.upstream.add('library/app', image, '1');
  test.evil.add('app', image, '1');
  await test.tag('library/app', '1');
  await test.fill();
}

beforeEach(() => open());
afterEach(() => test.close());

/** The other registry answers HEAD and sends nothing. */
function sendNothing() {
  test.evil.body = () => {
    throw new UpstreamError('unavailable', 'evil.test answered 500', { status: 500 });
  };
}

describe('a blob from one registry, requested from another that only confirms it by HEAD', () => {
  it('is not served', async () => {
    sendNothing();
    for (let round = 0; round < 2; round++) {
      expect(await test.blob('evil.test/app', layer.digest)).toMatchObject({
        kind: 'unobtainable',
      });
    }
    expect(await test.blob('library/app', layer.digest)).toMatchObject({ kind: 'stream' });
  });

  it('nor waited for where clients cannot follow a fill', async () => {
    await test.close();
    await open({ missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 60_000 }) });
    sendNothing();
    expect(await test.blob('evil.test/app', layer.digest)).toMatchObject({ kind: 'unobtainable' });
    expect(await test.blob('library/app', layer.digest)).toMatchObject({ kind: 'stream' });
  });

  it('comes from that registry, and from the store once that sent all of it', async () => {
    for (let round = 0; round < 3; round++) {
      const bytes = await bytesOf(await test.blob('evil.test/app', layer.digest));
      expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
      expect(test.evil.count(get)).toBe(1);
    }
    test.restart();
    await bytesOf(await test.blob('evil.test/app', layer.digest));
    expect(test.evil.count(get)).toBe(2);
  });

  it('comes from that registry, but not from the store if its bytes are wrong', async () => {
    test.evil.corrupt = (bytes) => bytes.map((byte) => byte ^ 1);
    await expect(bytesOf(await test.blob('evil.test/app', layer.digest))).rejects.toThrow('wrong');
    sendNothing();
    expect(await test.blob('evil.test/app', layer.digest)).toMatchObject({ kind: 'unobtainable' });
  });

  it('is served when a manifest of that registry names it', async () => {
    await test.tag('evil.test/app', '1');
    sendNothing();
    const bytes = await bytesOf(await test.blob('evil.test/app', layer.digest));
    expect(Buffer.from(layer.bytes).equals(bytes)).toBe(true);
    test.restart();
    expect(await test.blob('evil.test/app', layer.digest)).toMatchObject({ kind: 'stream' });
    expect(test.evil.count('GET blob')).toBe(0);
  });
});

describe('a manifest from one registry, requested from another that only confirms it by HEAD', () => {
  it('is fetched from that registry', async () => {
    await test.manifest('evil.test/app', image.manifest.digest);
    expect(test.evil.count(`GET manifest app:${image.manifest.digest}`)).toBe(1);
  });
});

it('a blob that a registry’s fill stored is served in its repositories', async () => {
  const other = makeImage({ layers: [randomLayer('unnamed', 50_000)] });
  test.evil.add('other', other, '1');
  const [unnamed = layer] = other.layers;
  for (let round = 0; round < 2; round++) {
    expect(await bytesOf(await test.blob('evil.test/other', unnamed.digest))).toHaveLength(
      unnamed.size,
    );
    await test.settled();
  }
  expect(test.evil.count('GET blob')).toBe(1);
});
