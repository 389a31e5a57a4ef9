import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const first = makeImage({ layers: [randomLayer('first', 5000)] });
const second = makeImage({ layers: [randomLayer('second', 5000)] });
const repository = { registry: 'docker.io', name: 'library/app' };
const old = first.manifest.digest;
const recent = second.manifest.digest;

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror();
  test.upstream.add('library/app', first, '1', '2', '3');
  for (const tag of ['1', '2', '3']) await test.tag('library/app', tag);
  await test.fill();
  test.upstream.asked.length = 0;
});

afterEach(() => test.close());

const refresh = (tag?: string) => test.mirror.refresh(repository, tag);

describe('a refresh', () => {
  it('of all known tags says what changed, although they are fresh', async () => {
    test.upstream.add('library/app', second, '2');
    test.upstream.removeTag('library/app', '3');
    expect(await refresh()).toEqual({
      tags: [
        { tag: '1', kind: 'unchanged', digest: old },
        { tag: '2', kind: 'moved', digest: recent, before: old },
        { tag: '3', kind: 'absent' },
      ],
      stopped: undefined,
      hasMore: false,
      last: undefined,
    });
    expect(test.upstream.count('HEAD manifest')).toBe(3);
    expect(test.upstream.count('GET manifest')).toBe(1);
    test.upstream.asked.length = 0;
    expect(await test.tag('library/app', '2')).toMatchObject({
      digest: recent,
      provenance: { kind: 'hit' },
    });
    expect(test.upstream.asked).toEqual([]);
    // The blobs of the image that is new are filled.
    expect(test.queued.length).toBeGreaterThan(0);
  });

  it('of one tag asks for that only, and for no manifest of one that was not known', async () => {
    test.upstream.add('library/app', second, 'new');
    expect((await refresh('new')).tags).toEqual([{ tag: 'new', kind: 'new', digest: recent }]);
    expect((await refresh('none')).tags).toEqual([{ tag: 'none', kind: 'absent' }]);
    expect(test.upstream.asked).toEqual([
      'HEAD manifest library/app:new',
      'HEAD manifest library/app:none',
    ]);
  });

  it('waits between two tags', async () => {
    const began = test.now();
    await refresh();
    expect(test.now() - began).toBe(200);
  });

  it('stops when the upstream limits requests, and asks nothing until that is over', async () => {
    const head = test.upstream.headManifest.bind(test.upstream);
    const limited = new UpstreamError('limited', 'too many', { status: 429, retryAfter: 60 });
    test.upstream.headManifest = (remote, reference) => {
      if (reference.kind === 'tag' && reference.tag === '2') test.upstream.failure = limited;
      return head(remote, reference);
    };
    const stopped = await refresh();
    expect(stopped.tags).toMatchObject([
      { tag: '1', kind: 'unchanged' },
      { tag: '2', kind: 'failed', error: { kind: 'limited' } },
    ]);
    expect(stopped).toMatchObject({ stopped: { kind: 'limited' }, hasMore: true, last: '2' });
    test.upstream.asked.length = 0;
    expect(await refresh('1')).toMatchObject({ tags: [], stopped: { kind: 'limited' } });
    expect(test.upstream.asked).toEqual([]);
  });

  it('takes a page at a time', async () => {
    const page = { limit: 2, last: undefined };
    const { tags, hasMore, last } = await test.mirror.refresh(repository, undefined, page);
    expect([tags.map(({ tag }) => tag), hasMore, last]).toEqual([['1', '2'], true, '2']);
    const rest = await test.mirror.refresh(repository, undefined, { limit: 2, last });
    expect([rest.tags.map(({ tag }) => tag), rest.hasMore]).toEqual([['3'], false]);
  });

  it('reports one tag that fails, and goes on with the others', async () => {
    const get = test.upstream.getManifest.bind(test.upstream);
    test.upstream.add('library/app', second, '1');
    test.upstream.getManifest = async () => ({ kind: 'absent' });
    const { tags } = await refresh();
    expect(tags.map(({ kind }) => kind)).toEqual(['failed', 'unchanged', 'unchanged']);
    test.upstream.getManifest = get;
  });

  it('ends with the mirror', async () => {
    await test.mirror.stop();
    expect(await refresh()).toMatchObject({ tags: [], hasMore: true, last: undefined });
  });
});
