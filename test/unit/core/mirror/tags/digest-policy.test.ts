import { afterEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Cooldown, TagRule } from '../../../../../functions/core/tag-policy/tag-rule.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { madeRule } from '../../tag-policy/made-rule.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const image = (name: string) => makeImage({ layers: [randomLayer(name, 5000)] });
const [first, second, i386, arm] = [image('first'), image('second'), image('386'), image('arm')];
const index = makeIndex([
  { item: first, platform: 'linux/amd64' },
  { item: i386, platform: 'linux/386' },
  { item: arm, platform: 'linux/arm/v6' },
]);
const app = 'library/app';
const named = { repository: { registry: 'docker.io', name: app }, tag: '1' };

let test: MirrorUnderTest;

afterEach(() => test.close());

const rule = (differences: Partial<TagRule>, match = 'library/**') => madeRule(match, differences);

function strict(differences: Partial<Cooldown> = {}, mode: TagRule['mode'] = 'enforce') {
  const usual = { age: day, first: 'allow', fast: 'stay', strict: true, clock: 'first-seen' };
  return rule({ mode, cooldown: { ...usual, ...differences } as Cooldown });
}

type Addable = Parameters<MirrorUnderTest['upstream']['add']>[1];

/** Puts an index with its images, or an image, under tags. */
function add(item: Addable, ...tags: string[]): void {
  for (const child of item === index ? [first, i386, arm] : []) test.upstream.add(app, child);
  test.upstream.add(app, item, ...tags);
}

async function pull(tag = '1') {
  const outcome = await test.tag(app, tag);
  await test.fill();
  await test.settled();
  return outcome;
}

const pullDigest = (one: { readonly manifest: { readonly digest: string } }) =>
  test.manifest(app, one.manifest.digest);

describe('a strict cooldown', () => {
  /** The tag `1` has a mature digest, and moved an hour ago. */
  async function moveTo(item: Addable, from: Addable = first) {
    add(from, '1');
    await pull();
    test.pass(day);
    await pull();
    add(item, '1');
    test.pass(hour);
    await pull();
  }

  it('refuses the held digest, and serves the mature one', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    await moveTo(second);
    test.upstream.asked.length = 0;
    const held = { kind: 'held', policy: { kind: 'cooling', newest: second.manifest.digest } };
    expect(await pullDigest(second)).toMatchObject(held);
    expect(await test.manifest(app, second.manifest.digest, 'HEAD')).toMatchObject(held);
    expect(test.upstream.asked).toEqual([]);
    expect(await pullDigest(first)).toMatchObject({ kind: 'found' });
    expect(test.events).toContainEqual(
      expect.objectContaining({ kind: 'tag-policy', tag: '1', mode: 'enforce' }),
    );
  });

  it('refuses it on another instance, and after a restart', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    await moveTo(second);
    test.restart();
    expect(await pullDigest(second)).toMatchObject({ kind: 'held' });
  });

  it('learns what another instance sees within seconds', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    const other = test.another();
    await moveTo(first);
    add(second, '2');
    const byDigest = () =>
      other
        .repository(named.repository)
        .resolveManifest({ kind: 'digest', digest: known(second.manifest.digest) }, 'GET');
    expect(await byDigest()).toMatchObject({ kind: 'found' });
    add(second, '1');
    test.pass(hour);
    await pull();
    test.pass(15_000);
    expect(await byDigest()).toMatchObject({ kind: 'held' });
    await other.stop();
  });

  it('ends with the cooldown, or with a bypass', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    await moveTo(second);
    await test.mirror.tags.bypass(named, known(second.manifest.digest), { by: 'ann', why: 'ok' });
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('holds nothing that another tag is served as, or has in its index', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    add(i386, '1.2');
    await pull('1.2');
    await moveTo(i386);
    await pull('1.2');
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
  });

  it('holds no image of a mature index, nor any of its blobs', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    add(index, '2');
    await pull('2');
    await moveTo(i386);
    test.restart();
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
    for (const { digest } of i386.layers) {
      expect(await test.blob(app, digest)).toMatchObject({ kind: 'stream' });
    }
  });

  it('holds nothing that a mature index has without a platform', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    const odd = makeIndex([{ item: second }, { item: first, platform: 'linux/amd64' }]);
    test.upstream.add(app, second);
    add(odd, '2');
    await pull('2');
    await moveTo(second);
    test.restart();
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('reads the tags once for many pulls', async () => {
    const ports = (store: MirrorUnderTest['store']) => {
      vi.spyOn(store.manifests, 'getTag');
      vi.spyOn(store.manifests, 'getManifest');
      return {};
    };
    test = await openMirror({ policy: { tags: [strict()] }, ports });
    add(index, '2');
    await pull('2');
    await moveTo(second);
    add(arm, '3');
    // What a HEAD named is not stored.
    await test.tag(app, '3', 'HEAD');
    await pullDigest(i386);
    vi.clearAllMocks();
    for (let round = 0; round < 5; round += 1) await pullDigest(i386);
    expect(test.store.manifests.getTag).not.toHaveBeenCalled();
    expect(test.store.manifests.getManifest).not.toHaveBeenCalled();
  });

  it('holds nothing that another tag is frozen to', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    add(first, '2');
    await pull('2');
    await moveTo(second);
    expect(await pullDigest(second)).toMatchObject({ kind: 'held' });
    const decider = { by: 'ann', why: 'tried' };
    const two = { ...named, tag: '2' };
    await test.mirror.tags.freeze(two, decider, known(second.manifest.digest));
    test.pass(1_000);
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('holds a digest at once, and no more when the tag has moved on', async () => {
    test = await openMirror({ policy: { tags: [strict()], tagTtl: 1 } });
    await moveTo(first);
    await pullDigest(first);
    add(second, '1');
    test.pass(2);
    await pull();
    expect(await pullDigest(second)).toMatchObject({ kind: 'held' });
    add(arm, '1');
    test.pass(2);
    await pull();
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('holds a digest that no tag is old enough for, if the rule refuses the first', async () => {
    test = await openMirror({ policy: { tags: [strict({ first: 'refuse' })] } });
    add(first, '1');
    await pull();
    test.restart();
    expect(await pullDigest(first)).toMatchObject({
      kind: 'held',
      policy: { kind: 'none-mature' },
    });
  });

  it('serves what the tag is served as while nothing is old enough', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    add(first, '1');
    await pull();
    expect(await pullDigest(first)).toMatchObject({ kind: 'found' });
  });

  it('serves the newest where the tag falls back to it: the mature one cannot be had', async () => {
    test = await openMirror({ policy: { tags: [strict()] } });
    await moveTo(second);
    test.upstream.removeTag(app, first.manifest.digest);
    await test.store.manifests.removeManifest(named.repository, known(first.manifest.digest));
    test.restart();
    expect(await pull()).toMatchObject({ kind: 'found', digest: second.manifest.digest });
    test.restart();
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('serves what a client just got by a tag with a date', async () => {
    test = await openMirror({ policy: { tags: [strict()], asOf: true } });
    await moveTo(second);
    const [today = ''] = new Date(test.now()).toISOString().replaceAll('-', '').split('T');
    expect(await pull(`1--as-of-${today}`)).toMatchObject({ digest: second.manifest.digest });
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
    test.pass(minute);
    expect(await pullDigest(second)).toMatchObject({ kind: 'held' });
  });

  it('only counts while it observes, and without strict holds nothing', async () => {
    test = await openMirror({ policy: { tags: [strict({}, 'observe')] } });
    await moveTo(second);
    test.events.length = 0;
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
    expect(test.events).toContainEqual(
      expect.objectContaining({ kind: 'tag-policy', mode: 'observe' }),
    );
    await test.close();
    test = await openMirror({ policy: { tags: [strict({ strict: false })] } });
    await moveTo(second);
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });

  it('holds nothing while the index cannot be read', async () => {
    let isDown = false;
    const ports = (store: MirrorUnderTest['store']) => ({
      manifests: new Proxy(store.manifests, {
        get(target, name) {
          const method = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return (...parameters: unknown[]) => {
            if (isDown) return Promise.reject(new Error('down'));
            return method.apply(target, parameters);
          };
        },
      }),
    });
    test = await openMirror({ policy: { tags: [strict()] }, ports });
    await moveTo(second);
    isDown = true;
    expect(await pullDigest(second)).toMatchObject({ kind: 'found' });
  });
});

describe('a rule about platforms', () => {
  const no386 = rule({ access: 'deny', platforms: ['linux/386'] });

  it('refuses the image of the platform, and serves the index and the others', async () => {
    test = await openMirror({ policy: { tags: [no386] } });
    add(index, '1');
    expect(await pull()).toMatchObject({ kind: 'found', digest: index.manifest.digest });
    expect(await pullDigest(i386)).toMatchObject({
      kind: 'refused',
      policy: { kind: 'platform', platform: 'linux/386', rule: 'library/**' },
    });
    expect(await pullDigest(first)).toMatchObject({ kind: 'found' });
    expect(await pullDigest(index)).toMatchObject({ kind: 'found' });
    expect(test.upstream.count(`GET manifest ${app}:${i386.manifest.digest}`)).toBe(0);
  });

  it('refuses it on an instance that did not serve the index', async () => {
    test = await openMirror({ policy: { tags: [no386] } });
    const other = test.another();
    const ask = (digest: string) =>
      other
        .repository(named.repository)
        .resolveManifest({ kind: 'digest', digest: known(digest) }, 'GET');
    add(first, '0');
    await pull('0');
    await ask(first.manifest.digest);
    add(index, '1');
    await pull();
    test.pass(1_000);
    expect(await ask(i386.manifest.digest)).toMatchObject({ kind: 'refused' });
    await other.stop();
  });

  it('matches an index that was pulled by digest, if it names no tag', async () => {
    test = await openMirror({ policy: { tags: [no386] } });
    add(index);
    await pullDigest(index);
    expect(await pullDigest(i386)).toMatchObject({ kind: 'refused' });
  });

  it('is about the tags of an index that was pulled by digest as well', async () => {
    const tags = [rule({ access: 'deny', platforms: ['linux/386'] }, 'library/app:1')];
    test = await openMirror({ policy: { tags } });
    add(index, '1');
    await pullDigest(index);
    await pull();
    expect(await pullDigest(i386)).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['library/app:1', '1', 'refused'],
    ['library/app:2', '1', 'found'],
    ['library/other', '1', 'found'],
  ])('of %s applies to the tag %s: %s', async (match, tag, kind) => {
    const tags = [rule({ access: 'deny', platforms: ['linux/386'] }, match)];
    test = await openMirror({ policy: { tags } });
    add(index, tag);
    await pull(tag);
    expect(await pullDigest(i386)).toMatchObject({ kind });
  });

  it('denies nothing that another tag leads to, or an earlier rule allows', async () => {
    const allow = rule({ access: 'allow', platforms: ['linux/386'] }, 'library/app:2');
    test = await openMirror({ policy: { tags: [allow, no386] } });
    add(index, '1', '2');
    await pull('1');
    expect(await pullDigest(i386)).toMatchObject({ kind: 'refused' });
    await pull('2');
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
  });

  it('only counts while it observes', async () => {
    test = await openMirror({ policy: { tags: [{ ...no386, mode: 'observe' }] } });
    add(index, '1');
    await pull();
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
    expect(test.events).toContainEqual(
      expect.objectContaining({ kind: 'tag-policy', mode: 'observe' }),
    );
  });

  it('denies no image that a tag names', async () => {
    test = await openMirror({ policy: { tags: [no386] } });
    add(index, '1');
    add(i386, '1-386');
    await pull();
    expect(await pullDigest(i386)).toMatchObject({ kind: 'refused' });
    expect(await pull('1-386')).toMatchObject({ kind: 'found' });
    // The same instance knows it at once, and another one soon.
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
    test.pass(hour);
    test.restart();
    expect(await pullDigest(i386)).toMatchObject({ kind: 'found' });
  });

  it('applies to what a tag was served as on a date', async () => {
    const tags = [rule({ access: 'deny', platforms: ['linux/386'] }, 'library/app:1')];
    test = await openMirror({ policy: { tags, asOf: true } });
    add(index, '1');
    await pull();
    test.pass(day);
    add(second, '1');
    await pull();
    test.restart();
    const [then = ''] = new Date(test.now() - day).toISOString().replaceAll('-', '').split('T');
    expect(await pull(`1--as-of-${then}`)).toMatchObject({ digest: index.manifest.digest });
    expect(await pullDigest(i386)).toMatchObject({ kind: 'refused' });
  });
});

it('an upstream that fails changes nothing about a refusal', async () => {
  test = await openMirror({
    policy: { tags: [rule({ access: 'deny', platforms: ['linux/arm'] })] },
  });
  add(index, '1');
  await pull();
  test.upstream.failure = new UpstreamError('timeout', 'down');
  expect(await pullDigest(arm)).toMatchObject({ kind: 'refused' });
});
