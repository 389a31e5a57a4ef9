import { describe, expect, it } from 'vitest';
import { cooled, movingSince } from '../../../../functions/core/tag-policy/cooldown.ts';
import type { Cooldown } from '../../../../functions/core/tag-policy/tag-rule.ts';
import { madeDigest, run } from './made-history.ts';

const [a, b, c] = [madeDigest('a'), madeDigest('b'), madeDigest('c')];
const cooldown: Cooldown = {
  age: 100,
  first: 'allow',
  fast: 'stay',
  strict: false,
  clock: 'first-seen',
};
const nothing = { bypassed: [] };

describe('a cooldown', () => {
  it('lets a digest pass once it was seen for the cooldown, and not a ms earlier', () => {
    expect(cooled([run(a, 0, 99)], nothing, cooldown, 99).held?.digest).toBe(a);
    expect(cooled([run(a, 0, 100)], nothing, cooldown, 100)).toMatchObject({
      digest: a,
      held: undefined,
    });
  });

  it('counts sightings and not time: nobody knows what the tag named meanwhile', () => {
    expect(cooled([run(a, 0, 10)], nothing, cooldown, 5000).held?.digest).toBe(a);
  });

  it('serves the last mature digest until then, and says when', () => {
    const runs = [run(c, 300, 310), run(b, 250, 290), run(a, 0, 200)];
    expect(cooled(runs, nothing, cooldown, 310)).toEqual({
      digest: a,
      held: { digest: c, release: 400, stuckSince: undefined },
      bypassedBy: undefined,
    });
  });

  it('never serves a digest that was replaced sooner', () => {
    const runs = [run(c, 300, 310), run(b, 250, 290)];
    expect(cooled(runs, nothing, cooldown, 310).digest).toBeUndefined();
  });

  it('does not hold a tag that returned to its mature digest', () => {
    const runs = [run(a, 300, 300), run(b, 250, 290), run(a, 0, 200)];
    expect(cooled(runs, nothing, cooldown, 310)).toMatchObject({ digest: a, held: undefined });
  });

  it('says that a tag is stuck after three times the cooldown', () => {
    const moving = [run(c, 480, 490), run(b, 201, 470), run(a, 0, 200)].map((one) =>
      one.digest === b ? run(b, 201, 290) : one,
    );
    expect(cooled(moving, nothing, cooldown, 501).held?.stuckSince).toBeUndefined();
    expect(cooled(moving, nothing, cooldown, 502).held?.stuckSince).toBe(201);
  });

  it('does not take a tag for stuck that moved once and was not asked about since', () => {
    const runs = [run(b, 201, 210), run(a, 0, 200)];
    expect(cooled(runs, nothing, cooldown, 5000).held).toEqual({
      ...{ digest: b, release: 301, stuckSince: undefined },
    });
    expect(movingSince(runs, cooldown)).toBeUndefined();
    expect(movingSince([run(c, 300, 300), ...runs], cooldown)).toBe(201);
    expect(movingSince([run(c, 300, 300), run(b, 201, 210)], cooldown)).toBe(201);
    expect(movingSince([run(a, 0, 200)], cooldown)).toBeUndefined();
    expect(movingSince([], cooldown)).toBeUndefined();
  });

  it('of a fast tag may serve the newest digest that was seen before the cooldown', () => {
    const fast = { ...cooldown, fast: 'newest-older-than' } as const;
    const runs = [run(c, 300, 310), run(b, 250, 290), run(a, 0, 200)];
    expect(cooled(runs, nothing, fast, 349).digest).toBe(a);
    expect(cooled(runs, nothing, fast, 350).digest).toBe(b);
  });

  it('lets a bypassed digest pass, while that lasts', () => {
    const order = { digest: b, by: 'ann', why: 'fix', since: 0, until: 300 };
    const state = { bypassed: [order] };
    const runs = [run(b, 250, 251), run(a, 0, 200)];
    expect(cooled(runs, state, cooldown, 299)).toMatchObject({ digest: b, bypassedBy: 'ann' });
    expect(cooled(runs, state, cooldown, 300)).toMatchObject({ digest: a, bypassedBy: undefined });
  });

  it("by the Hub's clock counts from the push, if the Hub said when", () => {
    const hub = { ...cooldown, clock: 'hub' } as const;
    const pushed = { ...run(a, 0, 5), pushed: -95 };
    expect(cooled([pushed], nothing, hub, 5).held).toBeUndefined();
    expect(cooled([pushed], nothing, cooldown, 5).held).toMatchObject({ digest: a, release: 100 });
    expect(cooled([run(b, 6, 8), pushed], nothing, hub, 8)).toMatchObject({
      digest: a,
      held: { digest: b, release: 106 },
    });
    const late = { ...run(a, 0, 5), pushed: -94 };
    expect(cooled([late], nothing, hub, 5).held?.release).toBe(6);
  });
});
