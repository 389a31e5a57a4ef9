import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { descriptorOf } from '../../../../standins/images/content.ts';
import { makeArtifact, makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const repository = { registry: 'docker.io', name: 'library/app' };
const image = makeImage({ layers: [randomLayer('app', 1000)] });
const subject = known(image.manifest.digest);
const signature = makeArtifact({
  artifactType: 'application/vnd.example.signature',
  layers: [randomLayer('signature', 100)],
  subject: image.manifest,
});
const down = new UpstreamError('unreachable', 'docker.io is not reachable');

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror();
  test.upstream.add('library/app', image, '1', '2');
});

afterEach(() => test.close());

describe('tags', () => {
  it('come from the upstream, with one request within the TTL', async () => {
    const lists = await Promise.all(
      [1, 2, 3].map(() => test.mirror.repository(repository).listTags()),
    );
    expect(lists.every((list) => list.kind === 'found')).toBe(true);
    expect(await test.mirror.repository(repository).listTags()).toMatchObject({ tags: ['1', '2'] });
    expect(test.upstream.count('GET tags')).toBe(1);
  });

  it('are the last list while the upstream is down, also after a restart', async () => {
    await test.mirror.repository(repository).listTags();
    test.upstream.failure = down;
    test.pass(10 * minute);
    test.restart();
    expect(await test.mirror.repository(repository).listTags()).toMatchObject({
      tags: ['1', '2'],
      provenance: { kind: 'stale', age: 600 },
    });
  });

  it('are the pulled ones if there never was a list', async () => {
    await test.tag('library/app', '2');
    test.upstream.failure = down;
    expect(await test.mirror.repository(repository).listTags()).toMatchObject({ tags: ['2'] });
  });

  it('are unobtainable when nothing is known', async () => {
    test.upstream.failure = down;
    expect(await test.mirror.repository(repository).listTags()).toEqual({
      kind: 'unobtainable',
      error: down,
    });
  });

  it('of a missing repository are absent', async () => {
    const nowhere = { registry: 'docker.io', name: 'library/nowhere' };
    expect(await test.mirror.repository(nowhere).listTags()).toEqual({ kind: 'absent' });
  });
});

describe('referrers', () => {
  const descriptor = {
    ...descriptorOf(signature.manifest),
    digest: known(signature.manifest.digest),
  };

  it('come from the upstream’s API', async () => {
    test.upstream.referrers = { kind: 'found', manifests: [descriptor] };
    expect(await test.mirror.repository(repository).listReferrers(subject)).toMatchObject({
      kind: 'found',
      manifests: [descriptor],
    });
    await test.mirror.repository(repository).listReferrers(subject);
    expect(test.upstream.count('GET referrers')).toBe(1);
  });

  it('come from the fallback tag where the upstream has no API', async () => {
    const index = makeIndex([{ item: signature }]);
    test.upstream.add('library/app', index, subject.replace(':', '-'));
    expect(await test.mirror.repository(repository).listReferrers(subject)).toMatchObject({
      kind: 'found',
      manifests: [{ digest: signature.manifest.digest }],
    });
  });

  it('are an empty list when the upstream has neither', async () => {
    expect(await test.mirror.repository(repository).listReferrers(subject)).toMatchObject({
      kind: 'found',
      manifests: [],
    });
  });

  it('are never an empty list when the upstream failed', async () => {
    test.upstream.failure = down;
    expect(await test.mirror.repository(repository).listReferrers(subject)).toEqual({
      kind: 'unobtainable',
      error: down,
    });
  });

  it('are the last list while the upstream is down', async () => {
    test.upstream.referrers = { kind: 'found', manifests: [descriptor] };
    await test.mirror.repository(repository).listReferrers(subject);
    test.upstream.failure = down;
    test.pass(10 * minute);
    test.restart();
    expect(await test.mirror.repository(repository).listReferrers(subject)).toMatchObject({
      manifests: [descriptor],
      provenance: { kind: 'stale' },
    });
  });
});

describe('referrers by the fallback tag', () => {
  const index = makeIndex([{ item: signature }]);
  const limited = new UpstreamError('limited', 'docker.io is limiting', { status: 429 });
  const listed = () => test.mirror.repository(repository).listReferrers(subject);

  beforeEach(async () => {
    test.upstream.add('library/app', index, subject.replace(':', '-'));
    expect((await listed()).kind).toBe('found');
    test.pass(10 * minute);
    // The API goes on answering that there is none.
    test.upstream.headManifest = () => Promise.reject(limited);
  });

  it.each(['goes on', 'begins anew'])(
    'are the last list when the tag fails and the mirror %s',
    async (how) => {
      if (how === 'begins anew') test.restart();
      expect(await listed()).toMatchObject({
        kind: 'found',
        manifests: [{ digest: signature.manifest.digest }],
        provenance: { kind: 'stale', age: 600, reason: 'docker.io is limiting' },
      });
    },
  );

  it('are unobtainable when the last list is too old', async () => {
    test.pass(31 * 24 * 60 * minute);
    expect(await listed()).toEqual({ kind: 'unobtainable', error: limited });
  });

  it('stay stale as long as their tag is', async () => {
    test.upstream.add('library/app', signature);
    await test.manifest('library/app', signature.manifest.digest);
    await test.fill();
    for (const age of [600, 1200]) {
      expect(await listed()).toMatchObject({ kind: 'found', provenance: { kind: 'stale', age } });
      test.pass(10 * minute);
    }
  });
});

describe('an index', () => {
  it('is served stale only when one of its images is complete', async () => {
    const index = makeIndex([{ item: image, platform: 'linux/amd64' }]);
    test.upstream.add('library/app', index, 'multi');
    await test.tag('library/app', 'multi');
    expect(test.queued).toEqual([]);
    await test.manifest('library/app', image.manifest.digest);
    test.upstream.failure = down;
    test.pass(5 * minute);
    expect((await test.tag('library/app', 'multi')).kind).toBe('unobtainable');
    test.upstream.failure = undefined;
    await test.fill();
    test.upstream.failure = down;
    expect(await test.tag('library/app', 'multi')).toMatchObject({
      digest: index.manifest.digest,
      provenance: { kind: 'stale' },
    });
  });
});
