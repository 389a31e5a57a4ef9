import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { withoutWaiting } from '../../../../fake-timers.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const first = makeImage({ layers: [randomLayer('first', 5000)] });
const second = makeImage({ layers: [randomLayer('second', 5000)] });
const limited = new UpstreamError('limited', 'docker.io is limiting', { status: 429 });

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror({ policy: { immutableTags: [/^v1$/], maxStale: 60 * minute } });
  test.upstream.add('library/app', first, '1', 'v1');
});

afterEach(() => test.close());

/** Has the image pulled and its blobs stored. */
async function mirrored(tag = '1') {
  await test.tag('library/app', tag);
  await test.fill();
  test.upstream.asked.length = 0;
}

describe('a tag within its TTL', () => {
  it('without its manifest and media type: HEAD fetches the manifest', async () => {
    await mirrored();
    const repository = { registry: 'docker.io', name: 'library/app' };
    const digest = known(first.manifest.digest);
    const record = await test.store.manifests.getTag(repository, '1');
    if (record === undefined) throw new Error('the tag was recorded');
    await test.store.manifests.putTag(repository, '1', { ...record, mediaType: 'text/html' });
    await test.store.manifests.removeManifest(repository, digest);
    test.restart();
    const outcome = await test.tag('library/app', '1', 'HEAD');
    expect(outcome).toMatchObject({ kind: 'found', mediaType: first.manifest.mediaType });
  });

  it('costs the upstream nothing', async () => {
    await mirrored();
    test.pass(5 * minute - 1);
    const outcome = await test.tag('library/app', '1');
    expect(outcome).toMatchObject({ kind: 'found', digest: first.manifest.digest });
    expect(outcome).toMatchObject({ provenance: { kind: 'hit', ttl: 1 } });
    expect(test.upstream.asked).toEqual([]);
  });

  it('costs nothing after a restart either', async () => {
    await mirrored();
    test.restart();
    expect(await test.tag('library/app', '1')).toMatchObject({ kind: 'found' });
    expect(test.upstream.asked).toEqual([]);
  });

  it('does not end for an immutable tag', async () => {
    await mirrored('v1');
    test.pass(24 * 60 * minute);
    expect(await test.tag('library/app', 'v1')).toMatchObject({
      provenance: { kind: 'hit', ttl: undefined },
    });
    expect(test.upstream.asked).toEqual([]);
  });
});

describe('a tag out of date', () => {
  it('is confirmed by one HEAD, however many clients ask', async () => {
    await mirrored();
    test.pass(5 * minute);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => test.tag('library/app', '1')),
    );
    expect(outcomes.every((outcome) => outcome.kind === 'found')).toBe(true);
    expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
  });

  it('moves only with the new manifest stored, also for HEAD', async () => {
    await mirrored();
    test.upstream.add('library/app', second, '1');
    test.pass(5 * minute);
    expect(await test.tag('library/app', '1', 'HEAD')).toMatchObject({
      kind: 'found',
      digest: second.manifest.digest,
    });
    test.upstream.failure = limited;
    // The fill has not run, but the upstream answered a moment ago.
    expect(test.upstream.count('GET manifest')).toBe(1);
    const record = await test.store.manifests.getTag(
      { registry: 'docker.io', name: 'library/app' },
      '1',
    );
    expect(record?.history).toMatchObject([{ digest: first.manifest.digest }]);
  });

  it('keeps the old image when the new manifest cannot be fetched', async () => {
    await mirrored();
    test.upstream.add('library/app', { manifest: second.manifest }, '1');
    const get = test.upstream.getManifest.bind(test.upstream);
    test.upstream.getManifest = () => Promise.reject(limited);
    test.pass(5 * minute);
    expect(await test.tag('library/app', '1', 'HEAD')).toMatchObject({
      digest: first.manifest.digest,
      provenance: { kind: 'stale', age: 300 },
    });
    test.upstream.getManifest = get;
  });

  it('is served stale while the upstream limits, without requests for a while', async () => {
    await mirrored();
    test.upstream.failure = limited;
    test.pass(5 * minute);
    for (const reason of ['is limiting', 'too many requests', 'too many requests']) {
      expect(await test.tag('library/app', '1')).toMatchObject({
        digest: first.manifest.digest,
        provenance: { kind: 'stale', reason: expect.stringContaining(reason) },
      });
    }
    expect(test.upstream.asked).toHaveLength(1);
    test.pass(72_000);
    await test.tag('library/app', '1');
    expect(test.upstream.asked).toHaveLength(2);
  });

  it('is not served stale beyond maxStale', async () => {
    await mirrored();
    test.upstream.failure = limited;
    test.pass(60 * minute + 1);
    expect(await test.tag('library/app', '1')).toEqual({ kind: 'unobtainable', error: limited });
  });

  it('is not served stale when its blobs are not all stored', async () => {
    await test.tag('library/app', '1');
    test.upstream.failure = limited;
    test.pass(5 * minute);
    expect(await test.tag('library/app', '1')).toEqual({ kind: 'unobtainable', error: limited });
  });

  it('is absent when the upstream says so and no image is stored', async () => {
    await test.tag('library/app', '1');
    test.upstream.removeTag('library/app', '1');
    test.pass(5 * minute);
    expect(await test.tag('library/app', '1')).toEqual({ kind: 'absent' });
  });

  it('is served stale to a client that waits for a silent upstream', async () => {
    await mirrored();
    let open = () => {};
    test.upstream.gate = new Promise((resolve) => {
      open = resolve;
    });
    test.pass(5 * minute);
    const outcome = await withoutWaiting(() => test.tag('library/app', '1'));
    expect(outcome).toMatchObject({ provenance: { kind: 'stale' } });
    open();
  });
});

describe('a new tag', () => {
  it('costs no GET for a HEAD', async () => {
    expect(await test.tag('library/app', '1', 'HEAD')).toMatchObject({
      kind: 'found',
      digest: first.manifest.digest,
      size: first.manifest.size,
      bytes: undefined,
    });
    expect(test.upstream.count('GET')).toBe(0);
  });

  it('costs one GET when many pull it at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => test.tag('library/app', '1')));
    expect(test.upstream.asked).toEqual([
      'HEAD manifest library/app:1',
      `GET manifest library/app:${first.manifest.digest}`,
    ]);
    const { pullsServed, pullsMade, pullsAvoided } = await test.store.ledger.counters();
    expect({ pullsServed, pullsMade, pullsAvoided }).toEqual({
      pullsServed: 50,
      pullsMade: 1,
      pullsAvoided: 49,
    });
  });

  it('is requested again twenty seconds after the upstream said it is absent', async () => {
    expect(await test.tag('library/app', 'new')).toEqual({ kind: 'absent' });
    test.upstream.add('library/app', second, 'new');
    expect(await test.tag('library/app', 'new')).toEqual({ kind: 'absent' });
    test.pass(20_000);
    expect(await test.tag('library/app', 'new')).toMatchObject({ kind: 'found' });
  });

  it('is unobtainable, never absent, when the upstream fails', async () => {
    test.upstream.failure = limited;
    expect(await test.tag('library/app', '1')).toEqual({ kind: 'unobtainable', error: limited });
  });
});

describe('a clock that is set back by an hour', () => {
  it('does not keep a refusal for the hour', async () => {
    expect(await test.tag('library/app', 'new')).toEqual({ kind: 'absent' });
    test.upstream.add('library/app', second, 'new');
    test.pass(-60 * minute);
    expect(await test.tag('library/app', 'new')).toMatchObject({ kind: 'found' });
  });

  it('does not keep a limit for the hour', async () => {
    await test.tag('library/app', '1');
    test.pass(6 * minute);
    test.upstream.failure = limited;
    expect((await test.tag('library/app', '1')).kind).toBe('unobtainable');
    test.upstream.failure = undefined;
    test.pass(-60 * minute);
    expect(await test.manifest('library/app', first.manifest.digest)).toMatchObject({
      kind: 'found',
    });
  });

  it('does not give a stale copy a negative age', async () => {
    await mirrored();
    test.upstream.failure = limited;
    test.pass(-60 * minute);
    expect(await test.tag('library/app', '1')).toMatchObject({
      provenance: { kind: 'stale', age: 0 },
    });
  });
});
