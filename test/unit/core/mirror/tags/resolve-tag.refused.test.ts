import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { UpstreamPolicy } from '../../../../../functions/core/sources/upstream-policy.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const repository = { registry: 'docker.io', name: 'publisher/db' };
const image = makeImage({ layers: [randomLayer('image', 5000)] });
const down = new UpstreamError('unreachable', 'docker.io is not reachable');
const page = { limit: undefined, last: undefined };

let test: MirrorUnderTest;

/** Opens a mirror with the whole image, which was first seen weeks ago. */
async function mirrored(policy: Partial<UpstreamPolicy> = {}): Promise<void> {
  await test?.close();
  test = await openMirror({ policy });
  test.upstream.add('publisher/db', image, '15');
  await tagged();
  await test.fill();
  test.pass(20 * day);
}

const tagged = () => test.tag('publisher/db', '15');
const record = () => test.store.manifests.getTag(repository, '15');
const gone = () => test.events.filter(({ kind }) => kind === 'gone-upstream');

const stale = { kind: 'found', provenance: { kind: 'stale' } };

/** The upstream refuses the tag, and confirms it ten minutes later. */
async function disappear(): Promise<void> {
  test.upstream.removeTag('publisher/db', '15');
  expect(await tagged()).toMatchObject(stale);
  test.pass(10 * minute);
}

beforeEach(() => mirrored());
afterEach(() => test.close());

describe('a known tag that the upstream refuses', () => {
  it.each<UpstreamPolicy['onDeleted']>(['refuse', { keepFor: 0, minimumAge: 365 * day }])(
    'is served for ten minutes whatever happens to deleted ones: %j',
    async (onDeleted) => {
      await mirrored({ onDeleted });
      test.upstream.removeTag('publisher/db', '15');
      expect(await tagged()).toMatchObject({
        kind: 'found',
        provenance: { reason: expect.stringContaining('docker.io refuses') },
      });
      test.pass(9 * minute);
      expect(await tagged()).toMatchObject(stale);
      test.upstream.failure = down;
      test.pass(2 * minute);
      expect(await tagged()).toMatchObject({ provenance: { kind: 'stale', reason: down.message } });
      expect(gone()).toEqual([]);
    },
  );

  it('is asked for by HEAD alone until then, and by one GET then', async () => {
    test.upstream.removeTag('publisher/db', '15');
    test.upstream.asked.length = 0;
    for (const wait of [1, 5, 4, 1, 10]) {
      await tagged();
      test.pass(wait * minute);
    }
    expect(test.upstream.count('GET manifest')).toBe(1);
    expect(test.upstream.count('HEAD manifest')).toBe(5);
  });

  it('is there after all if GET finds it', async () => {
    const head = test.upstream.headManifest.bind(test.upstream);
    test.upstream.headManifest = async () => ({ kind: 'absent' });
    expect(await tagged()).toMatchObject(stale);
    test.pass(11 * minute);
    expect(await tagged()).toMatchObject({ kind: 'found', provenance: { kind: 'revalidated' } });
    expect((await record())?.refusal).toBeUndefined();
    test.upstream.headManifest = head;
  });

  it('begins anew once the upstream has it in between', async () => {
    test.upstream.removeTag('publisher/db', '15');
    await tagged();
    test.upstream.add('publisher/db', image, '15');
    test.pass(6 * minute);
    expect(await tagged()).toMatchObject({ provenance: { kind: 'revalidated' } });
    test.upstream.removeTag('publisher/db', '15');
    test.pass(6 * minute);
    expect(await tagged()).toMatchObject(stale);
    expect(await record()).toMatchObject({ refusal: { since: test.now(), isConfirmed: false } });
  });

  it('is refused if the mirror has no complete copy', async () => {
    test.upstream.add('publisher/other', image, '1');
    await test.tag('publisher/other', '1', 'HEAD');
    test.pass(day);
    test.upstream.removeTag('publisher/other', '1');
    expect(await test.tag('publisher/other', '1')).toEqual({ kind: 'absent' });
  });

  it('waits on when something else answers the GET', async () => {
    test.upstream.removeTag('publisher/db', '15');
    await tagged();
    test.pass(11 * minute);
    test.upstream.getManifest = async () => {
      throw new UpstreamError('unavailable', 'status 403, but not from a registry');
    };
    expect(await tagged()).toMatchObject({
      provenance: { reason: expect.stringContaining('not from a registry') },
    });
    expect(gone()).toEqual([]);
  });
});

describe('a tag that is gone upstream', () => {
  it('is served with the time of its disappearance, and reported once', async () => {
    await disappear();
    const since = test.now() - 10 * minute;
    const kept = {
      kind: 'found',
      digest: image.manifest.digest,
      provenance: { kind: 'kept', since },
    };
    for (const wait of [0, 1, 30 * day]) {
      test.pass(wait);
      expect(await tagged()).toMatchObject(kept);
      test.restart();
    }
    expect(gone()).toEqual([
      {
        kind: 'gone-upstream',
        registry: 'docker.io',
        repository: 'docker.io/publisher/db',
        tag: '15',
        digest: image.manifest.digest,
        since: new Date(since).toISOString(),
      },
    ]);
    const entries = [{ repository, tag: '15', digest: image.manifest.digest, since }];
    expect(await test.mirror.listGone(page)).toEqual({ entries, next: undefined });
  });

  it('is served while the upstream is down, too', async () => {
    await disappear();
    await tagged();
    test.pass(40 * day);
    test.upstream.failure = down;
    expect(await tagged()).toMatchObject({ provenance: { kind: 'kept' } });
  });

  it('is served for as long as the policy says', async () => {
    await mirrored({ onDeleted: { keepFor: 3 * day, minimumAge: 0 } });
    await disappear();
    test.pass(3 * day - 10 * minute);
    expect(await tagged()).toMatchObject({ provenance: { kind: 'kept' } });
    test.pass(minute);
    expect(await tagged()).toEqual({ kind: 'absent' });
  });

  it('is refused if the image was younger than the policy says', async () => {
    await mirrored({ onDeleted: { keepFor: 90 * day, minimumAge: 20 * day + 1 } });
    await disappear();
    expect(await tagged()).toEqual({ kind: 'absent' });
  });

  it('keeps its age when it moved away and back', async () => {
    const other = makeImage({ layers: [randomLayer('other', 5000)] });
    for (const next of [other, image]) {
      test.upstream.add('publisher/db', next, '15');
      test.pass(10 * minute);
      await tagged();
      await test.fill();
    }
    test.pass(10 * minute);
    await disappear();
    expect(await tagged()).toMatchObject({ provenance: { kind: 'kept' } });
  });

  it('is refused by the policy to refuse', async () => {
    await mirrored({ onDeleted: 'refuse' });
    await disappear();
    expect(await tagged()).toEqual({ kind: 'absent' });
    expect(gone()).toHaveLength(1);
  });

  it('is no longer listed when it comes back', async () => {
    await disappear();
    await tagged();
    test.upstream.add('publisher/db', image, '15');
    test.pass(minute);
    expect(await tagged()).toMatchObject({ provenance: { kind: 'revalidated' } });
    expect((await test.mirror.listGone(page)).entries).toEqual([]);
  });

  it('is served if its record has the older form', async () => {
    const known = await record();
    if (known === undefined) throw new Error('there is no record');
    const checked = test.now();
    const older = { ...known, checked, history: [{ digest: known.digest, until: checked }] };
    await test.store.manifests.putTag(repository, '15', older);
    test.restart();
    test.upstream.removeTag('publisher/db', '15');
    for (const _ of [1, 2]) {
      test.pass(day);
      expect(await tagged()).toMatchObject({ provenance: { kind: 'kept', since: checked } });
    }
    expect((await test.mirror.listGone(page)).entries).toHaveLength(1);
  });
});
