import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passThroughAll } from '../../../../../functions/core/mirror/blobs/background-fill.ts';
import type { ManifestOutcome } from '../../../../../functions/core/mirror/mirror.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { withoutWaiting } from '../../../../fake-timers.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const minute = 60_000;
const repository = { registry: 'docker.io', name: 'library/app' };
const image = makeImage({ layers: [randomLayer('image', 5000)] });
const other = makeImage({ layers: [randomLayer('other', 5000)] });
const down = new UpstreamError('unreachable', 'docker.io is not reachable');

let test: MirrorUnderTest;

const refuse = { onDeleted: 'refuse' } as const;

/** The tag was mirrored whole, and then the upstream said twice that it is not there. */
beforeEach(async () => {
  test = await openMirror({ policy: refuse });
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
  await test.fill();
  test.pass(10 * minute);
  test.upstream.removeTag('library/app', '1');
  await deleted(() => test.tag('library/app', '1'));
});

/** Requests a tag until its deletion counts. */
async function deleted(ask: () => Promise<ManifestOutcome>): Promise<void> {
  expect(await ask()).toMatchObject({ kind: 'found', provenance: { kind: 'stale' } });
  test.pass(10 * minute);
  expect(await ask()).toEqual({ kind: 'absent' });
}

afterEach(() => test.close());

const tagged = () => test.tag('library/app', '1');
const record = () => test.store.manifests.getTag(repository, '1');

describe('a tag that the upstream deleted', () => {
  it.each(['goes on', 'begins anew'])(
    'stays away when the upstream fails and the mirror %s',
    async (how) => {
      if (how === 'begins anew') test.restart();
      test.pass(minute);
      test.upstream.failure = down;
      for (const _ of [1, 2]) expect(await tagged()).toEqual({ kind: 'unobtainable', error: down });
    },
  );

  it('is not served while a slow upstream checks it again', async () => {
    test.pass(minute);
    let open = () => {};
    test.upstream.gate = new Promise((resolve) => {
      open = resolve;
    });
    const outcome = await withoutWaiting(() => {
      setTimeout(open, 2_100);
      return tagged();
    });
    expect(outcome).toEqual({ kind: 'absent' });
  });

  it('can still be pulled by its digest', async () => {
    test.pass(minute);
    test.upstream.failure = down;
    expect(await test.manifest('library/app', image.manifest.digest)).toMatchObject({
      kind: 'found',
    });
  });

  it('is back at once when the upstream has it again, for no further pull', async () => {
    test.upstream.add('library/app', image, '1');
    test.pass(20_000);
    test.upstream.asked.length = 0;
    expect(await tagged()).toMatchObject({ kind: 'found', digest: image.manifest.digest });
    expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
    test.upstream.failure = down;
    test.pass(10 * minute);
    expect(await tagged()).toMatchObject({ kind: 'found', provenance: { kind: 'stale' } });
  });

  it('can come back within the same millisecond', async () => {
    test.upstream.add('library/app', image, '1');
    test.restart();
    expect(await tagged()).toMatchObject({ kind: 'found' });
    test.restart();
    test.upstream.failure = down;
    expect(await tagged()).toMatchObject({ kind: 'found' });
  });

  it('stays deleted when the clock was set back before the deletion', async () => {
    await test.close();
    test = await openMirror({ policy: refuse });
    test.upstream.add('library/app', image, '1');
    await tagged();
    await test.fill();
    test.pass(-60 * minute);
    test.upstream.removeTag('library/app', '1');
    await deleted(tagged);
    test.restart();
    test.upstream.failure = down;
    expect((await tagged()).kind).toBe('unobtainable');
  });

  it('may name another image when it comes back', async () => {
    const gone = (await record())?.refusal?.since;
    test.upstream.add('library/app', other, '1');
    test.pass(minute);
    expect(await tagged()).toMatchObject({ kind: 'found', digest: other.manifest.digest });
    expect(await record()).toMatchObject({
      digest: other.manifest.digest,
      history: [{ digest: image.manifest.digest, until: gone }],
    });
  });

  it('keeps the time of its deletion, however often it is requested', async () => {
    const first = await record();
    test.pass(minute);
    expect(await tagged()).toEqual({ kind: 'absent' });
    expect(await record()).toEqual(first);
    expect(first?.refusal).toEqual({ since: test.now() - 11 * minute, isConfirmed: true });
    test.restart();
    test.upstream.failure = down;
    test.pass(minute);
    expect(await tagged()).toMatchObject({ kind: 'unobtainable' });
  });

  it('is deleted even if it matches an immutable pattern', async () => {
    const gone = await record();
    if (gone === undefined) throw new Error('there is no record');
    await test.close();
    test = await openMirror({ policy: { ...refuse, immutableTags: [/^1$/] } });
    await test.store.manifests.putTag(repository, '1', gone);
    expect(await tagged()).toEqual({ kind: 'absent' });
  });
});

describe('a tag whose deletion another instance saw', () => {
  it('is not served by an instance that has it in memory', async () => {
    await test.close();
    test = await openMirror({ policy: refuse, missingBlobs: passThroughAll });
    test.upstream.add('library/app', image, '1');
    const other = test.another();
    const byOther = () =>
      other.repository(repository).resolveManifest({ kind: 'tag', tag: '1' }, 'GET');
    await tagged();
    await test.fill();
    expect((await byOther()).kind).toBe('found');
    test.pass(10 * minute);
    test.upstream.removeTag('library/app', '1');
    await deleted(tagged);
    test.upstream.failure = down;
    // The refusal is remembered for a while, on all instances.
    expect((await byOther()).kind).toBe('absent');
    test.pass(20_001);
    expect((await byOther()).kind).toBe('unobtainable');
  });
});

describe('a tag that was never mirrored', () => {
  it('leaves nothing in the index if the upstream does not have it', async () => {
    expect(await test.tag('library/app', 'never')).toEqual({ kind: 'absent' });
    expect(await test.store.manifests.getTag(repository, 'never')).toBeUndefined();
  });
});

describe('a tag that only GET can resolve', () => {
  it('stays deleted as well once the upstream deleted it', async () => {
    test.upstream.hidesDigest = true;
    test.upstream.add('library/ecr', image, '1');
    await test.tag('library/ecr', '1');
    await test.fill();
    test.pass(10 * minute);
    test.upstream.removeTag('library/ecr', '1');
    const head = test.upstream.headManifest.bind(test.upstream);
    test.upstream.headManifest = async () => ({ kind: 'unsupported' });
    await deleted(() => test.tag('library/ecr', '1'));
    test.upstream.headManifest = head;
    test.pass(minute);
    test.upstream.failure = down;
    expect(await test.tag('library/ecr', '1')).toMatchObject({ kind: 'unobtainable' });
  });
});
