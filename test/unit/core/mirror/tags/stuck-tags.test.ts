import { afterEach, expect, it } from 'vitest';
import type { RuleMode } from '../../../../../functions/core/tag-policy/tag-rule.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { madeRule } from '../../tag-policy/made-rule.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const day = 86_400_000;
const cooldown = { age: day, first: 'allow', fast: 'stay', strict: false, clock: 'first-seen' };

let test: MirrorUnderTest;
afterEach(() => test.close());

async function open(mode: RuleMode = 'enforce') {
  const tags = [madeRule('library/**', { mode, cooldown: cooldown as never })];
  test = await openMirror({ policy: { tags } });
}

/** Moves a tag, and pulls it. */
async function move(seed: string, name = 'library/app') {
  const image = makeImage({ layers: [randomLayer(`stuck ${seed}`, 2000)] });
  test.upstream.add(name, image, '1');
  await test.tag(name, '1');
  await test.fill();
  await test.settled();
  return image.manifest.digest;
}

const warnings = () => test.events.filter(({ kind }) => kind === 'tag-stuck');

it('lists a tag that has moved too soon for longer than its cooldown', async () => {
  await open();
  const mature = await move('0');
  test.pass(day);
  await test.tag('library/app', '1');
  const since = test.now() + day / 2;
  for (const seed of ['1', '2', '3']) {
    test.pass(day / 2);
    await move(seed);
  }
  expect(await test.mirror.tags.stuck()).toEqual([]);
  test.pass(day / 2);
  const newest = await move('4');
  expect(await test.mirror.tags.stuck()).toEqual([
    {
      repository: { registry: 'docker.io', name: 'library/app' },
      ...{ tag: '1', rule: 'library/**', mode: 'enforce', cooldown: day },
      ...{ since, served: mature, newest },
    },
  ]);
  await move('other', 'library/plain');
  await move('elsewhere', 'acme/app');
  expect(await test.mirror.tags.stuck()).toHaveLength(1);
  await test.mirror.tags.bypass(
    { repository: { registry: 'docker.io', name: 'library/app' }, tag: '1' },
    known(newest),
    { by: 'ann', why: 'checked' },
  );
  expect(await test.mirror.tags.stuck()).toEqual([]);
});

it.each(['enforce', 'observe'] as const)(
  'in mode %s the log warns after three times the cooldown, once a day',
  async (mode) => {
    await open(mode);
    await move('0');
    test.pass(day);
    await test.tag('library/app', '1');
    const since = test.now() + day / 2;
    for (let at = 1; at < 8; at += 1) {
      test.pass(day / 2);
      await move(`${at}`);
    }
    expect(warnings()).toEqual([]);
    test.pass(1000);
    for (const seed of ['8', '9']) await move(seed);
    expect(warnings()).toEqual([
      {
        ...{
          kind: 'tag-stuck',
          registry: 'docker.io',
          repository: 'docker.io/library/app',
          tag: '1',
        },
        ...{ since: new Date(since).toISOString(), rule: 'library/**' },
      },
    ]);
    test.pass(day);
    await move('10');
    expect(warnings()).toHaveLength(2);
  },
);
