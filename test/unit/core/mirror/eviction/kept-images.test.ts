import { afterEach, describe, expect, it } from 'vitest';
import { TagPattern } from '../../../../../functions/core/tag-policy/tag-pattern.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type Differences, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const day = 86_400_000;
const images = ['a', 'b', 'c'].map((name) =>
  makeImage({ layers: [randomLayer(name, 100_000)], env: [`NAME=${name}`] }),
) as [ReturnType<typeof makeImage>, ReturnType<typeof makeImage>, ReturnType<typeof makeImage>];
const [a, b, c] = images;
const ann = { by: 'ann', why: 'in use' };

let test: MirrorUnderTest;
afterEach(() => test.close());

const named = (name: string) => ({
  repository: { registry: 'docker.io', name: `library/${name}` },
  tag: '1',
});

/** Pulls the images, an hour apart. */
async function open(differences: Differences) {
  test = await openMirror(differences);
  for (const [at, image] of images.entries()) {
    const name = `library/${'abc'[at]}`;
    test.upstream.add(name, image, '1');
    await pull('abc'[at] ?? '');
    test.pass(3_600_000);
  }
}

async function pull(name: string) {
  await test.tag(`library/${name}`, '1');
  await test.fill();
  await test.settled();
}

/** Which of the images are stored. */
async function kept(): Promise<string> {
  const stored = await Promise.all(
    ['a', 'b', 'c'].map(async (name, at) => {
      const digest = known(images[at]?.manifest.digest ?? '');
      return (await test.store.manifests.getManifest(named(name).repository, digest)) && name;
    }),
  );
  return stored.join('');
}

const pin = (text: string) => ({ age: undefined, pins: [new TagPattern(text)] });

describe('eviction by the limit', () => {
  it('never evicts a pinned image, and says so when nothing else is left', async () => {
    await open({ limits: { storeBytes: 150_000 }, policy: { keep: pin('library/a:1') } });
    expect(await kept()).toBe('a');
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'evicted' }));
    await test.close();
    await open({ limits: { storeBytes: 50_000 }, policy: { keep: pin('library/a:1') } });
    expect(await kept()).toBe('a');
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'pins-exceed-limit' }));
  });
});

describe('eviction by age', () => {
  const keep = { age: 30 * day, pins: [] };

  it('evicts what was not pulled for that long, and nothing else', async () => {
    await open({ policy: { keep } });
    test.pass(20 * day);
    await pull('b');
    test.pass(10 * day);
    await test.mirror.evict();
    expect(await kept()).toBe('b');
  });

  it('keeps what is pinned by the configuration or by a person', async () => {
    await open({ policy: { keep: { ...keep, pins: [new TagPattern('library/a')] } } });
    await test.mirror.tags.pin(named('c'), ann);
    test.pass(40 * day);
    await test.mirror.evict();
    expect(await kept()).toBe('ac');
    await test.mirror.tags.unpin(named('c'), ann);
    test.pass(2 * 3_600_000);
    await test.mirror.evict();
    expect(await kept()).toBe('a');
  });

  it('keeps a frozen digest, which its upstream may not have any more', async () => {
    await open({ policy: { keep } });
    await test.mirror.tags.freeze(named('b'), ann);
    test.pass(40 * day);
    await test.mirror.evict();
    expect(await kept()).toBe('b');
  });

  it('is planned as it is done', async () => {
    await open({ policy: { keep: { ...keep, pins: [new TagPattern('library/a')] } } });
    test.pass(40 * day);
    const plan = await test.mirror.planEviction(10);
    expect(plan.map(({ repository, reason }) => [repository.name, reason])).toEqual([
      ['library/b', 'age'],
      ['library/c', 'age'],
    ]);
    expect(plan[0]?.bytes).toBeGreaterThan(100_000);
    expect(await kept()).toBe('abc');
    await test.mirror.evict();
    expect(await kept()).toBe('a');
  });
});

describe('the history of a tag', () => {
  const keep = { age: 30 * day, pins: [] };

  it('is kept from the limit while its time lasts, and then goes first', async () => {
    test = await openMirror({ policy: { keep }, limits: { storeBytes: 250_000 } });
    test.upstream.add('library/a', a, '1');
    await pull('a');
    test.pass(day);
    test.upstream.add('library/a', b, '1');
    await pull('a');
    test.pass(day);
    // A third image passes the limit: it is the only one that no tag of a history names.
    test.upstream.add('library/x', c);
    await test.manifest('library/x', c.manifest.digest);
    await test.fill();
    await test.settled();
    await test.mirror.evict();
    const history = await test.mirror.tags.history(named('a'));
    expect(history.map(({ isStored }) => isStored)).toEqual([true, true]);
    test.pass(31 * day);
    await test.mirror.evict();
    expect((await test.mirror.tags.history(named('a'))).map(({ isStored }) => isStored)).toEqual([
      false,
      false,
    ]);
  });
});
