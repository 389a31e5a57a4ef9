import { afterEach, expect, it } from 'vitest';
import { TagPattern } from '../../../../../functions/core/tag-policy/tag-pattern.ts';
import { withoutWaiting } from '../../../../fake-timers.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const minute = 60_000;
const first = makeImage({ layers: [randomLayer('first', 5000)] });
const second = makeImage({ layers: [randomLayer('second', 5000)] });

let test: MirrorUnderTest;
afterEach(() => test.close());

async function open(...pins: string[]) {
  const keep = { age: undefined, pins: pins.map((pin) => new TagPattern(pin)) };
  test = await openMirror({ policy: { keep } });
  test.upstream.add('library/app', first, '1', '2');
  for (const tag of ['1', '2']) await test.tag('library/app', tag);
  await test.fill();
  test.upstream.asked.length = 0;
}

it('confirms pinned tags that are out of date, and no other', async () => {
  await open('library/app:1');
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
});

it('fetches what a pinned tag moved to', async () => {
  await open('library/app:1');
  test.upstream.add('library/app', second, '1');
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  test.upstream.asked.length = 0;
  expect(await test.tag('library/app', '1')).toMatchObject({ digest: second.manifest.digest });
  expect(test.upstream.asked).toEqual([]);
});

it('asks once in the interval, on all instances together', async () => {
  await open('**');
  test.pass(5 * minute);
  await withoutWaiting(async () => {
    await test.mirror.confirmPins();
    await test.mirror.confirmPins();
    await test.another().confirmPins();
  });
  expect(test.upstream.asked).toHaveLength(2);
});

it('does nothing without pins', async () => {
  await open();
  test.pass(60 * minute);
  await test.mirror.confirmPins();
  expect(test.upstream.asked).toEqual([]);
});

const hour = 60 * minute;
const ann = { by: 'ann', why: 'it must stay' };
const named = (tag: string) => ({
  repository: { registry: 'docker.io', name: 'library/app' },
  tag,
});

it('confirms what a person pinned, until the pin ends', async () => {
  await open();
  await test.mirror.tags.pin(named('1'), { ...ann, until: test.now() + hour });
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toHaveLength(2);
  test.pass(hour);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toHaveLength(2);
});

it('confirms nothing any more that a person unpinned', async () => {
  await open();
  await test.mirror.tags.pin(named('2'), ann);
  await withoutWaiting(() => test.mirror.confirmPins());
  await test.mirror.tags.unpin(named('2'), ann);
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toEqual([]);
});

it('finds within an hour what another instance pinned, and at once after a restart', async () => {
  await open();
  const other = test.another();
  await other.confirmPins();
  await test.mirror.tags.pin(named('1'), ann);
  test.pass(hour);
  await withoutWaiting(() => other.confirmPins());
  expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
  test.pass(5 * minute);
  test.restart();
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toHaveLength(2);
});

it('asks once about a tag that the configuration and a person pinned', async () => {
  await open('library/app:1');
  await test.mirror.tags.pin(named('1'), ann);
  test.pass(5 * minute);
  await withoutWaiting(() => test.mirror.confirmPins());
  expect(test.upstream.asked).toEqual(['HEAD manifest library/app:1']);
});
