import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const image = makeImage({ layers: [randomLayer('app', 1000)] });
const { digest } = image.manifest;
const index = makeIndex([{ item: image, platform: 'linux/amd64' }]);
const minute = 60_000;

let test: MirrorUnderTest;

/** The kind of the outcome, and what the cache upstream was asked for it. */
async function asked(outcome: Promise<{ kind: string }>): Promise<[string, ...string[]]> {
  test.evil.asked.length = 0;
  const { kind } = await outcome;
  const questions = test.evil.asked.filter((question) => question.includes('manifest'));
  const brief = questions.map((question) =>
    question
      .replace('manifest team/app:', '')
      .replace(digest, 'image')
      .replace(index.manifest.digest, 'index'),
  );
  return [kind, ...brief];
}

beforeEach(async () => {
  test = await openMirror({ policy: { tagTtl: minute } });
  test.evil.add('team/app', image, '1');
});

afterEach(() => test.close());

describe('an upstream that imports an image when its tag is pulled', () => {
  it('and answers HEAD with 404 until then: is asked by GET', async () => {
    test.evil.hidden = 'everything';
    expect(await asked(test.tag('evil.test/team/app', '1', 'HEAD'))).toEqual([
      'found',
      'HEAD 1',
      'GET 1',
    ]);
    expect(await asked(test.manifest('evil.test/team/app', digest))).toEqual(['found']);
    expect(await test.store.ledger.counters()).toMatchObject({ pullsMade: 1 });
  });

  it('once a minute for what does not exist, and once for all clients', async () => {
    const pull = () => test.tag('evil.test/team/app', 'nope');
    expect(await asked(Promise.all([pull(), pull(), pull()]).then(([one]) => one))).toEqual([
      'absent',
      'HEAD nope',
      'GET nope',
    ]);
    test.pass(21_000);
    expect(await asked(pull())).toEqual(['absent', 'HEAD nope']);
    test.pass(minute);
    expect(await asked(pull())).toEqual(['absent', 'HEAD nope', 'GET nope']);
  });

  it('once a minute for all instances', async () => {
    expect(await asked(test.tag('evil.test/team/app', 'nope'))).toHaveLength(3);
    test.pass(21_000);
    test.restart();
    expect(await asked(test.tag('evil.test/team/app', 'nope'))).toEqual(['absent', 'HEAD nope']);
    test.pass(minute);
    expect(await asked(test.tag('evil.test/team/app', 'nope'))).toHaveLength(3);
  });

  it('and knows no digest until then: a GET of the tag gets it', async () => {
    test.evil.hidden = 'digests';
    expect(await asked(test.tag('evil.test/team/app', '1'))).toEqual([
      'found',
      'HEAD 1',
      'GET image',
      'GET 1',
    ]);
  });

  it('and knows no digest until then: clients at the same time share the GETs', async () => {
    test.evil.hidden = 'digests';
    const pull = () => test.tag('evil.test/team/app', '1');
    const pulls = Promise.all([pull(), pull(), pull()]);
    expect(await asked(pulls.then(([one]) => one))).toHaveLength(4);
    expect((await pulls).map(({ kind }) => kind)).toEqual(['found', 'found', 'found']);
    const other = makeImage({ layers: [randomLayer('other', 1000)] });
    test.evil.add('team/other', other, '1');
    await test.tag('evil.test/team/other', '1', 'HEAD');
    test.evil.hidden = 'digests';
    const get = () => test.manifest('evil.test/team/other', other.manifest.digest);
    expect((await Promise.all([get(), get()])).map(({ kind }) => kind)).toEqual(['found', 'found']);
    expect(test.evil.count('GET manifest team/other:1')).toBe(1);
  });

  it.each(['the same', 'another'])(
    'a HEAD of the tag, then the digest from %s instance',
    async (which) => {
      test.evil.hidden = 'digests';
      expect(await asked(test.tag('evil.test/team/app', '1', 'HEAD'))).toEqual(['found', 'HEAD 1']);
      if (which === 'another') test.restart();
      expect(await asked(test.manifest('evil.test/team/app', digest))).toEqual([
        'found',
        'GET image',
        'GET 1',
      ]);
    },
  );

  it('brings the manifests of an index with its tag', async () => {
    test.evil.add('team/app', index, 'multi');
    expect((await test.tag('evil.test/team/app', 'multi')).kind).toBe('found');
    // The upstream evicted everything.
    test.evil.hidden = 'digests';
    expect(await asked(test.manifest('evil.test/team/app', digest))).toEqual([
      'found',
      'GET image',
      'GET multi',
      'GET image',
    ]);
  });

  it('and answers HEAD of a digest with 404: is asked by GET', async () => {
    test.evil.hidden = 'heads';
    expect(await asked(test.manifest('evil.test/team/app', digest, 'HEAD'))).toEqual([
      'found',
      'HEAD image',
      'GET image',
    ]);
  });

  it('and moved a tag whose new digest it does not know: a GET of the tag gets it', async () => {
    await test.tag('evil.test/team/app', '1');
    const moved = makeImage({ layers: [randomLayer('moved', 1000)] });
    test.evil.add('team/app', moved, '1');
    test.evil.hidden = 'digests';
    test.pass(2 * minute);
    expect(await test.tag('evil.test/team/app', '1')).toMatchObject({
      digest: moved.manifest.digest,
    });
    expect(test.evil.asked.at(-1)).toBe('GET manifest team/app:1');
  });

  it('a digest that no tag names is searched for in few tags, now and then', async () => {
    for (const wrong of ['a', 'b', 'c']) {
      const unknown = `sha256:${wrong.repeat(64)}`;
      expect(await asked(test.manifest('evil.test/team/app', unknown))).toEqual([
        'absent',
        `GET ${unknown}`,
      ]);
    }
  });
});

it('the tags of a repository are read at most once in five seconds to search for a digest', async () => {
  await test.close();
  let reads = 0;
  test = await openMirror({
    ports: ({ manifests }) => ({
      manifests: new Proxy(manifests, {
        get(target, name) {
          if (name !== 'listTags') return Reflect.get(target, name)?.bind(target);
          return (...query: Parameters<typeof target.listTags>) => {
            reads += 1;
            return target.listTags(...query);
          };
        },
      }),
    }),
  });
  const search = (digit: string) =>
    test.manifest('evil.test/team/app', `sha256:${digit.repeat(64)}`);
  await search('a');
  test.pass(4999);
  await search('b');
  expect(reads).toBe(1);
  test.pass(1);
  await search('c');
  expect(reads).toBe(2);
});

describe('a well-known registry', () => {
  it('gets no GET for names that do not exist', async () => {
    for (const method of ['GET', 'HEAD'] as const) {
      expect(await test.tag('team/app', 'nope', method)).toEqual({ kind: 'absent' });
    }
    expect(await test.manifest('team/app', digest, 'HEAD')).toEqual({ kind: 'absent' });
    expect(test.upstream.count('GET')).toBe(0);
  });

  it('gets no GET of a tag whose manifest it does not have', async () => {
    test.upstream.add('team/app', image, '1');
    test.upstream.hidden = 'digests';
    expect((await test.tag('team/app', '1')).kind).toBe('unobtainable');
    expect(test.upstream.count('GET manifest team/app:1')).toBe(0);
  });
});
