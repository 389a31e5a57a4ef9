import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Cooldown, TagRule } from '../../../../../functions/core/tag-policy/tag-rule.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { madeRule } from '../../tag-policy/made-rule.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const hour = 3_600_000;
const day = 24 * hour;
const image = (name: string) => makeImage({ layers: [randomLayer(name, 5000)] });
const [first, second, third] = [image('first'), image('second'), image('third')];
const app = 'library/app';

let test: MirrorUnderTest;
let pushTime = vi.fn<NonNullable<Parameters<typeof openMirror>[0]>['pushTime'] & object>();

beforeEach(() => {
  pushTime = vi.fn(async () => undefined);
});
afterEach(() => test.close());

function rule(clock: Cooldown['clock'], differences: Partial<TagRule> = {}): TagRule {
  const usual = { age: day, first: 'refuse', fast: 'stay', strict: false } as const;
  return madeRule('library/**', { cooldown: { ...usual, clock }, ...differences });
}

async function open(clock: Cooldown['clock'] = 'hub') {
  test = await openMirror({
    policy: { tags: [rule(clock)] },
    pushTime: (...asked) => pushTime(...asked),
  });
  test.upstream.add(app, first, '1');
}

/** A pull after the time, with its fills. */
async function pullAfter(milliseconds: number) {
  test.pass(milliseconds);
  const outcome = await test.tag(app, '1');
  await test.fill();
  await test.settled();
  return outcome;
}

describe('the clock of Docker Hub', () => {
  it('has a new tag served at once that was pushed long ago', async () => {
    await open();
    pushTime.mockImplementation(async () => test.now() - 2 * day);
    expect(await pullAfter(0)).toMatchObject({ kind: 'found', digest: first.manifest.digest });
    expect(pushTime.mock.calls).toEqual([[app, '1', first.manifest.digest]]);
  });

  it('is asked once for each digest, also by other instances and after a restart', async () => {
    await open();
    pushTime.mockImplementation(async () => test.now() - 2 * hour);
    for (let round = 0; round < 3; round += 1) {
      expect(await pullAfter(hour)).toMatchObject({ kind: 'held' });
      test.restart();
    }
    expect(pushTime).toHaveBeenCalledTimes(1);
    expect(await pullAfter(20 * hour)).toMatchObject({ kind: 'found' });
    test.upstream.add(app, second, '1');
    await pullAfter(hour);
    await pullAfter(hour);
    expect(pushTime.mock.calls.map(([, , digest]) => digest)).toEqual([
      first.manifest.digest,
      second.manifest.digest,
    ]);
  });

  it.each([
    ['does not say', async () => undefined],
    ['fails', () => Promise.reject(new UpstreamError('timeout', 'no answer'))],
  ])('counts from the first sighting if the Hub %s, and is not asked again', async (_, answer) => {
    await open();
    pushTime.mockImplementation(answer);
    expect(await pullAfter(0)).toMatchObject({ kind: 'held' });
    expect(await pullAfter(day - 1)).toMatchObject({ kind: 'held' });
    expect(await pullAfter(hour)).toMatchObject({ kind: 'found' });
    expect(pushTime).toHaveBeenCalledTimes(1);
  });

  it('is not waited for longer than a second', async () => {
    await open();
    pushTime.mockImplementation(() => new Promise(() => undefined));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const pulling = test.tag(app, '1');
      await vi.waitFor(() => expect(pushTime).toHaveBeenCalled());
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await pulling).toMatchObject({ kind: 'held' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not lose a digest that is old enough only by that clock', async () => {
    await open();
    pushTime.mockImplementation(async () => test.now() - 2 * day);
    await pullAfter(0);
    for (const next of [second, third]) {
      pushTime.mockImplementation(async () => test.now());
      test.upstream.add(app, next, '1');
      expect(await pullAfter(hour)).toMatchObject({
        kind: 'found',
        digest: first.manifest.digest,
        policy: { kind: 'cooling', newest: next.manifest.digest },
      });
    }
    test.restart();
    expect(await pullAfter(hour)).toMatchObject({ digest: first.manifest.digest });
  });

  it('cannot say that a digest stood while the tag named another', async () => {
    await open();
    pushTime.mockImplementation(async () => test.now() - 2 * day);
    await pullAfter(0);
    test.upstream.add(app, second, '1');
    expect(await pullAfter(hour)).toMatchObject({ digest: first.manifest.digest });
  });

  it('is not asked by a rule that counts sightings', async () => {
    await open('first-seen');
    await pullAfter(0);
    expect(pushTime).not.toHaveBeenCalled();
  });
});
