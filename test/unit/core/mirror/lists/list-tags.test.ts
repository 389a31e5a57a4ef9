import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { descriptorOf } from '../../../../standins/images/content.ts';
import { makeArtifact, makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const all = { limit: undefined, last: undefined };
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
      [1, 2, 3].map(() => test.mirror.repository(repository).listTags(all)),
    );
    expect(lists.every((list) => list.kind === 'found')).toBe(true);
    expect(await test.mirror.repository(repository).listTags(all)).toMatchObject({
      tags: ['1', '2'],
    });
    expect(test.upstream.count('GET tags')).toBe(1);
  });

  it('are the last list while the upstream is down, also after a restart', async () => {
    await test.mirror.repository(repository).listTags(all);
    test.upstream.failure = down;
    test.pass(10 * minute);
    test.restart();
    expect(await test.mirror.repository(repository).listTags(all)).toMatchObject({
      tags: ['1', '2'],
      provenance: { kind: 'stale', age: 600 },
    });
  });

  it('are written to the index once where there are none: clients may ask for any repository', async () => {
    test.upstream.listTags = async () => ({ kind: 'found', tags: [], next: undefined });
    const write = vi.spyOn(test.store.manifests, 'putTagList');
    for (let round = 0; round < 3; round++) {
      const list = await test.mirror.repository(repository).listTags(all);
      expect(list).toMatchObject({ kind: 'found', tags: [] });
      test.pass(10 * minute);
    }
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('are read from the index once by a new instance', async () => {
    await test.mirror.repository(repository).listTags(all);
    const read = vi.spyOn(test.store.manifests, 'getTagList');
    test.restart();
    await test.mirror.repository(repository).listTags(all);
    await test.mirror.repository(repository).listTags(all);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('are the pulled ones if there never was a list', async () => {
    await test.tag('library/app', '2');
    test.upstream.failure = down;
    expect(await test.mirror.repository(repository).listTags(all)).toMatchObject({ tags: ['2'] });
  });

  it('are unobtainable when nothing is known', async () => {
    test.upstream.failure = down;
    expect(await test.mirror.repository(repository).listTags(all)).toEqual({
      kind: 'unobtainable',
      error: down,
    });
  });

  it('of a missing repository are absent', async () => {
    const nowhere = { registry: 'docker.io', name: 'library/nowhere' };
    expect(await test.mirror.repository(nowhere).listTags(all)).toEqual({ kind: 'absent' });
  });
});

describe('a list of 900,000 long tags', () => {
  const perPage = 10_000;
  const tagsOf = (page: number) =>
    Array.from(
      { length: perPage },
      (_, at) => 't'.repeat(122) + String(page * perPage + at).padStart(6, '0'),
    );
  let pages: number;

  beforeEach(async () => {
    await test.close();
    test = await openMirror({ memoryBytes: 32_000_000 });
    pages = 0;
    test.upstream.listTags = async (_, start = {}) => {
      pages += 1;
      const page = 'next' in start ? Number(start.next) : 0;
      return { kind: 'found', tags: tagsOf(page), next: page < 89 ? String(page + 1) : undefined };
    };
  });

  it.each([undefined, 1_000_000])('is served in parts, also for n=%s', async (limit) => {
    const { repository: at } = test.mirror;
    const first = await at(repository).listTags({ limit, last: undefined });
    if (first.kind !== 'found') throw new Error(first.kind);
    expect(first.tags).toHaveLength(2 * perPage);
    expect(first.next).toBe(first.tags.at(-1));
    expect(pages).toBe(2);
    await at(repository).listTags({ limit, last: undefined });
    expect(pages).toBe(2);
    const second = await at(repository).listTags({ limit, last: first.next });
    if (second.kind !== 'found') throw new Error(second.kind);
    expect(second.tags[0]).toBe(tagsOf(2)[0]);
    expect(pages).toBe(4);
  });
});

describe('a page of tags that is longer than a list may be', () => {
  const long = Array.from({ length: 100_000 }, (_, at) => 't'.repeat(122) + String(at + 100_000));
  let tags: string[];
  let next: string | undefined;

  beforeEach(() => {
    tags = [...long];
    next = undefined;
    test.upstream.listTags = async () => ({ kind: 'found', tags, next });
  });

  it.each([undefined, '2'])('serves a client that needs no more: next %s', async (more) => {
    next = more;
    const first = { limit: 1, last: undefined };
    const write = vi.spyOn(test.store.manifests, 'putTagList');
    expect(await test.mirror.repository(repository).listTags(first)).toMatchObject({
      tags: [long[0]],
      next: long[0],
    });
    expect(write).not.toHaveBeenCalled();
  });

  it('is refused where it has to be sorted', async () => {
    tags.reverse();
    expect(await test.mirror.repository(repository).listTags(all)).toMatchObject({
      kind: 'unobtainable',
    });
  });
});

describe('pages of tags', () => {
  const tags = Array.from({ length: 100 }, (_, at) => `t${String(at).padStart(3, '0')}`);
  const page = (limit: number | undefined, last?: string) =>
    test.mirror.repository(repository).listTags({ limit, last });

  beforeEach(() => {
    test.upstream.forget('library/app');
    test.upstream.add('library/app', image, ...tags);
    test.upstream.tagPageSize = 10;
  });

  it('cost only the upstream’s pages that they need', async () => {
    const first = await page(15);
    expect(first).toMatchObject({ tags: tags.slice(0, 15), next: 't014' });
    expect(test.upstream.count('GET tags')).toBe(2);
    expect(await page(5, 't014')).toMatchObject({
      tags: tags.slice(15, 20),
      next: 't019',
      provenance: { kind: 'hit' },
    });
    expect(test.upstream.count('GET tags')).toBe(2);
    expect(await page(10, 't019')).toMatchObject({ tags: tags.slice(20, 30), next: 't029' });
    expect(test.upstream.asked.at(-1)).toBe('GET tags library/app 20');
  });

  it('lead to the whole list, which is stored', async () => {
    const seen: string[] = [];
    let last: string | undefined;
    do {
      const one = await page(30, last);
      if (one.kind !== 'found') throw new Error(one.kind);
      seen.push(...one.tags);
      last = one.next;
    } while (last !== undefined);
    expect(seen).toEqual(tags);
    expect(test.upstream.count('GET tags')).toBe(10);
    test.upstream.failure = down;
    test.restart();
    expect(await page(undefined)).toMatchObject({ tags, provenance: { kind: 'hit' } });
  });

  it('continue at another instance without the pages before', async () => {
    expect(await page(10)).toMatchObject({ next: 't009' });
    test.restart();
    expect(await page(10, 't009')).toMatchObject({ tags: tags.slice(10, 20), next: 't019' });
    expect(test.upstream.asked.slice(1)).toEqual(['GET tags library/app t009']);
  });

  it('of a list in another order are sorted, for one reading of it', async () => {
    test.upstream.tagOrder = 'reversed';
    expect(await page(10)).toMatchObject({ tags: tags.slice(0, 10), next: 't009' });
    const asked = test.upstream.count('GET tags');
    expect(await page(10, 't009')).toMatchObject({ tags: tags.slice(10, 20) });
    expect(test.upstream.count('GET tags')).toBe(asked);
    test.pass(10 * minute);
    test.restart();
    expect(await page(10, 't049')).toMatchObject({ tags: tags.slice(50, 60), next: 't059' });
  });

  it('without a limit are one page, unless that takes long', async () => {
    expect(await page(undefined)).toMatchObject({ tags, next: undefined });
    test.pass(10 * minute);
    test.upstream.gate = Promise.resolve().then(() => test.pass(6000));
    expect(await page(undefined)).toMatchObject({ tags: tags.slice(0, 10), next: 't009' });
    expect(await page(undefined, 't009')).toMatchObject({ tags: tags.slice(10), next: undefined });
  });

  it('are bounded by their tags, not by their number', async () => {
    test.upstream.tagPageSize = 1;
    const many = Array.from({ length: 400 }, (_, at) => `u${String(at).padStart(3, '0')}`);
    test.upstream.add('library/app', image, ...many);
    expect(await page(undefined)).toMatchObject({ tags: [...tags, ...many] });
    test.pass(10 * minute);
    let number = 0;
    test.upstream.listTags = async () => ({ kind: 'found', tags: [], next: String(++number) });
    expect(await page(10)).toMatchObject({ kind: 'found', provenance: { kind: 'stale' } });
    expect(number).toBe(21);
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

  it('may have more features of a platform than a call can have arguments', async () => {
    const platform = { os: 'linux', 'os.features': Array.from({ length: 300_000 }, () => 'a') };
    test.upstream.referrers = { kind: 'found', manifests: [{ ...descriptor, platform }] };
    const list = await test.mirror.repository(repository).listReferrers(subject);
    expect(list.kind).toBe('found');
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

describe('empty lists', () => {
  it('are not stored: clients may ask for the referrers of any digest', async () => {
    const put = vi.spyOn(test.store.manifests, 'putReferrers');
    test.upstream.referrers = { kind: 'found', manifests: [] };
    for (let at = 0; at < 3; at++) {
      const answer = await test.mirror.repository(repository).listReferrers(subject);
      expect(answer).toMatchObject({ kind: 'found', manifests: [] });
      test.pass(10 * minute);
    }
    expect(put).not.toHaveBeenCalled();
    expect(await test.store.manifests.getReferrers(repository, subject)).toBeUndefined();
  });

  it('remove the list that was stored before', async () => {
    const { mediaType, size } = signature.manifest;
    const referrer = { mediaType, digest: known(signature.manifest.digest), size };
    test.upstream.referrers = { kind: 'found', manifests: [referrer] };
    await test.mirror.repository(repository).listReferrers(subject);
    expect(await test.store.manifests.getReferrers(repository, subject)).toBeDefined();
    test.restart();
    test.pass(10 * minute);
    test.upstream.referrers = { kind: 'found', manifests: [] };
    await test.mirror.repository(repository).listReferrers(subject);
    expect(await test.store.manifests.getReferrers(repository, subject)).toBeUndefined();
  });
});
