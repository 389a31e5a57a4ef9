import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const first = makeImage({ layers: [randomLayer('first', 5000)] });
const second = makeImage({ layers: [randomLayer('second', 5000)] });
const repository = { registry: 'docker.io', name: 'library/app' };

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror({ policy: { immutableTags: [/^v1$/] } });
  test.upstream.add('library/app', first, '1', 'v1');
  for (const tag of ['1', 'v1']) await test.tag('library/app', tag);
  await test.fill();
  test.upstream.asked.length = 0;
});

afterEach(() => test.close());

const confirm = (tag = '1') =>
  test.mirror.repository(repository).resolveManifest({ kind: 'tag', tag }, 'GET', true);

describe('a client that wants a tag confirmed', () => {
  it.each(['1', 'v1'])('%s: one HEAD, although it is fresh', async (tag) => {
    expect(await confirm(tag)).toMatchObject({ provenance: { kind: 'revalidated' } });
    expect(test.upstream.asked).toEqual([`HEAD manifest library/app:${tag}`]);
  });

  it('gets what was pushed a moment ago', async () => {
    test.upstream.add('library/app', second, '1', 'new');
    expect(await confirm()).toMatchObject({ digest: second.manifest.digest });
  });

  it('costs one HEAD in 5 s, however many ask at once or one after the other', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => confirm()));
    expect(outcomes.every(({ kind }) => kind === 'found')).toBe(true);
    test.pass(4_999);
    await confirm();
    expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
    test.pass(1);
    await confirm();
    expect(test.upstream.asked).toHaveLength(2);
  });

  it('also passes over a remembered 404, at most once in 5 s', async () => {
    const absent = await test.tag('library/app', 'later');
    expect(absent.kind).toBe('absent');
    test.upstream.add('library/app', first, 'later');
    expect((await test.tag('library/app', 'later')).kind).toBe('absent');
    expect((await confirm('later')).kind).toBe('found');
    for (const _ of [1, 2]) expect((await confirm('never')).kind).toBe('absent');
    expect(test.upstream.count('HEAD manifest library/app:never')).toBe(1);
  });

  it('asks nothing while the registry limits requests', async () => {
    test.upstream.failure = new UpstreamError('limited', 'too many', { status: 429 });
    await test.tag('library/app', 'other');
    test.upstream.asked.length = 0;
    expect(await confirm()).toMatchObject({ provenance: { kind: 'hit' } });
    expect(test.upstream.asked).toEqual([]);
  });

  it('gets the copy with a Warning if the registry fails', async () => {
    test.upstream.failure = new UpstreamError('unreachable', 'gone');
    expect(await confirm()).toMatchObject({ provenance: { kind: 'stale' } });
  });
});
