import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { type Layer, randomLayer } from '../../../../standins/images/layer.ts';
import { bytesOf, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const secret: Layer = randomLayer('secret', 3000);
const image = makeImage({ layers: [secret] });
const down = new UpstreamError('unreachable', 'docker.io is not reachable');

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror();
  test.upstream.add('team/private', image, '1');
  await test.tag('team/private', '1');
  await test.fill();
  test.upstream.asked.length = 0;
});

afterEach(() => test.close());

describe('a stored blob', () => {
  it('is served in the repository whose manifest names it, without an upstream request', async () => {
    const outcome = await test.blob('team/private', secret.digest);
    expect(await bytesOf(outcome)).toEqualBytes(secret.bytes);
    expect(test.upstream.asked).toEqual([]);
  });

  it('is absent in another repository if the upstream does not have it there', async () => {
    expect(await test.blob('team/other', secret.digest)).toEqual({ kind: 'absent' });
    expect(await test.blob('team/other', secret.digest, 'HEAD')).toEqual({ kind: 'absent' });
  });

  it('costs one upstream request in a while where the upstream refuses it', async () => {
    const refused = () => test.upstream.count(`HEAD blob team/other@${secret.digest}`);
    for (let round = 0; round < 5; round++) {
      expect(await test.blob('team/other', secret.digest)).toEqual({ kind: 'absent' });
    }
    expect(refused()).toBe(1);
    test.upstream.add('team/other', image);
    test.pass(60_000);
    expect(await bytesOf(await test.blob('team/other', secret.digest))).toEqualBytes(secret.bytes);
    expect(refused()).toBe(2);
  });

  it('is served in another repository if the upstream confirms it', async () => {
    test.upstream.add('team/other', image);
    const outcome = await test.blob('team/other', secret.digest);
    expect(await bytesOf(outcome)).toEqualBytes(secret.bytes);
    expect(test.upstream.asked).toEqual([`HEAD blob team/other@${secret.digest}`]);
  });

  it('has the size that the store knows if the upstream states none', async () => {
    test.upstream.add('team/other', image);
    test.upstream.hidesSize = true;
    const known = await test.blob('team/other', secret.digest, 'HEAD');
    expect(known).toMatchObject({ kind: 'known', size: secret.size });
  });

  it('is not served in another repository while the upstream fails', async () => {
    test.upstream.failure = down;
    expect(await test.blob('team/other', secret.digest)).toEqual({
      kind: 'unobtainable',
      error: down,
    });
  });

  it('is confirmed again when the confirmation is out of date', async () => {
    test.upstream.add('team/other', image);
    await bytesOf(await test.blob('team/other', secret.digest));
    test.pass(5 * 60_000);
    await bytesOf(await test.blob('team/other', secret.digest));
    expect(test.upstream.count('HEAD blob team/other')).toBe(2);
  });
});

describe('a blob of a manifest that was served a moment ago', () => {
  it('is served at once, even while the index cannot be read', async () => {
    await test.close();
    test = await openMirror({
      ports: (store) => ({
        manifests: new Proxy(store.manifests, {
          get: (target, name) =>
            name === 'getBlobEntry'
              ? () => Promise.reject(new Error('the index is gone'))
              : Reflect.get(target, name).bind(target),
        }),
      }),
    });
    test.upstream.add('team/private', image, '1');
    await test.tag('team/private', '1');
    expect(await bytesOf(await test.blob('team/private', secret.digest))).toHaveLength(secret.size);
    expect(test.upstream.count('HEAD blob')).toBe(0);
  });
});

describe('a digest that is not a manifest', () => {
  // containerd asks for a bare digest at `manifests/` first, and at `blobs/` after that 404.
  it('may still be a blob, and an absent blob may still be a manifest', async () => {
    test.upstream.add('team/other', image);
    expect(await test.manifest('team/other', secret.digest)).toEqual({ kind: 'absent' });
    expect((await test.blob('team/other', secret.digest, 'HEAD')).kind).toBe('known');
    expect(await test.blob('team/other', image.manifest.digest)).toEqual({ kind: 'absent' });
    expect(await test.manifest('team/other', image.manifest.digest)).toMatchObject({
      kind: 'found',
    });
  });
});

describe('a mirrored manifest', () => {
  it('is not served in another repository of the upstream', async () => {
    expect(await test.manifest('team/other', image.manifest.digest)).toEqual({ kind: 'absent' });
  });

  it('costs no second pull in a repository that has it too', async () => {
    test.upstream.add('team/fork', image, '1');
    expect(await test.manifest('team/fork', image.manifest.digest)).toMatchObject({
      kind: 'found',
    });
    expect(test.upstream.count('HEAD manifest team/fork')).toBe(1);
    expect(test.upstream.count('GET manifest')).toBe(0);
    expect((await test.blob('team/fork', secret.digest, 'HEAD')).kind).toBe('known');
  });

  it('keeps its bytes', async () => {
    const outcome = await test.manifest('team/private', image.manifest.digest);
    expect(outcome).toMatchObject({ bytes: new Uint8Array(image.manifest.bytes) });
  });
});

describe('a blob that several repositories request at once', () => {
  const layer = randomLayer('wanted', 100_000);
  const wanted = makeImage({ layers: [layer] });

  beforeEach(async () => {
    // The manifest is there and the blob is not.
    test.upstream.add('team/gone', { manifest: wanted.manifest }, '1');
    test.upstream.add('team/app', wanted, '1');
    for (const name of ['team/gone', 'team/app']) await test.tag(name, '1');
    test.upstream.asked.length = 0;
  });

  it('is served to repositories that have it if the fill was started for one that does not', async () => {
    const names = ['team/gone', 'team/gone', 'team/app', 'team/app', 'team/app'];
    const outcomes = await Promise.all(names.map((name) => test.blob(name, layer.digest)));
    expect(outcomes.slice(0, 2)).toEqual([{ kind: 'absent' }, { kind: 'absent' }]);
    for (const outcome of outcomes.slice(2)) {
      expect(await bytesOf(outcome)).toEqualBytes(layer.bytes);
    }
    expect(test.upstream.asked).toEqual([
      `GET blob team/gone@${layer.digest} 0`,
      `GET blob team/app@${layer.digest} 0`,
    ]);
    await vi.waitFor(async () => {
      expect(await test.store.blobs.stat(known(layer.digest))).toBeDefined();
    });
  });

  it('is retried by the queue if it joined the fill of one that does not', async () => {
    const blob = { digest: known(layer.digest), size: layer.size, mediaType: '' };
    const jobs = ['team/gone', 'team/app'].map((name) =>
      test.mirror.handleFill({ repository: { registry: 'docker.io', name }, blob }),
    );
    const [gone, app] = await Promise.all(jobs);
    expect(gone?.kind).toBe('given-up');
    expect(app?.kind).toBe('retry');
  });
});
