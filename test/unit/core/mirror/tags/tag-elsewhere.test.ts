import { afterEach, beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type Differences, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const name = 'library/app';
const minute = 60_000;
const day = 24 * 60 * minute;
const image = makeImage({ layers: [randomLayer('elsewhere', 100)] });
const index = makeIndex([{ item: image, platform: 'linux/amd64' }]);
const { digest } = image.manifest;
const down = new UpstreamError('unavailable', 'docker.io is down');

let mirror: MirrorUnderTest;

async function open(forUnseenTags = false, more: Differences = {}): Promise<void> {
  const alternates = { entries: ['evil.test'], forUnseenTags, onlyPublic: false };
  mirror = await openMirror({ alternates, ...more });
  for (const one of [mirror.upstream, mirror.evil]) one.add(name, image, '1');
}

beforeEach(() => open());
afterEach(() => mirror.close());

/** The registry named the tag, and fails now that its answer is old. */
async function named(): Promise<void> {
  await mirror.tag(name, '1', 'HEAD');
  mirror.pass(6 * minute);
  mirror.upstream.failure = down;
}

test('a digest that a registry named is had from an alternate while it fails', async () => {
  await named();
  expect(await mirror.tag(name, '1')).toMatchObject({
    kind: 'found',
    digest,
    provenance: { kind: 'stale', age: 360, reason: 'docker.io is down' },
  });
  expect(mirror.evil.count('GET manifest')).toBe(1);
});

test('a digest is not served for longer than maxStale', async () => {
  await mirror.close();
  await open(false, { policy: { maxStale: day } });
  await named();
  mirror.pass(2 * day);
  expect((await mirror.tag(name, '1')).kind).toBe('unobtainable');
  expect(mirror.evil.asked).toEqual([]);
});

test('a tag that the registry refused is not served', async () => {
  await mirror.tag(name, '1', 'HEAD');
  mirror.pass(6 * minute);
  mirror.upstream.forget(name);
  await mirror.tag(name, '1', 'HEAD');
  mirror.pass(20 * minute);
  mirror.upstream.failure = down;
  expect((await mirror.tag(name, '1')).kind).not.toBe('found');
  expect(mirror.evil.asked).toEqual([]);
});

test('what no alternate has cannot be had', async () => {
  mirror.evil.forget(name);
  await named();
  expect(await mirror.tag(name, '1')).toMatchObject({ kind: 'unobtainable', error: down });
});

test('an index that a registry named is had from an alternate, too', async () => {
  for (const one of [mirror.upstream, mirror.evil]) one.add(name, index, 'index');
  await mirror.tag(name, 'index', 'HEAD');
  mirror.pass(6 * minute);
  mirror.upstream.failure = down;
  const { digest: named } = index.manifest;
  expect(await mirror.tag(name, 'index')).toMatchObject({ kind: 'found', digest: named });
});

test('a tag that the registry never named is not asked of alternates by default', async () => {
  mirror.upstream.failure = down;
  expect((await mirror.tag(name, '1')).kind).toBe('unobtainable');
  expect(mirror.evil.asked).toEqual([]);
});

test('it is asked of them if the configuration says so, and asked again', async () => {
  await mirror.close();
  await open(true);
  mirror.upstream.failure = down;
  for (let round = 1; round <= 2; round++) {
    expect(await mirror.tag(name, '1')).toMatchObject({
      kind: 'found',
      digest,
      size: image.manifest.size,
      provenance: { kind: 'alternate', registry: 'evil.test', reason: 'docker.io is down' },
    });
    expect(mirror.evil.count('GET manifest library/app:1')).toBe(round);
  }
  expect(await mirror.store.manifests.getTag({ registry: 'docker.io', name }, '1')).toBeUndefined();
  expect((await mirror.tag(name, 'none')).kind).toBe('unobtainable');
});

test('without alternates a failing registry is a failure', async () => {
  await mirror.close();
  mirror = await openMirror();
  mirror.upstream.add(name, image, '1');
  await named();
  expect((await mirror.tag(name, '1')).kind).toBe('unobtainable');
});
