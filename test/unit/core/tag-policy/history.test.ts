import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import { mostRuns, runLife, type TagState } from '../../../../functions/core/ports/tag-states.ts';
import { historyOf, withSighting } from '../../../../functions/core/tag-policy/history.ts';
import { madeDigest, record, run } from './made-history.ts';

const [a, b, c] = [madeDigest('a'), madeDigest('b'), madeDigest('c')];
const seen = { seenBy: 'pull', isReturn: false, cooldown: undefined } as const;

const cooldownOf = (age: number) => ({ age, clock: 'first-seen' }) as const;

function stateOf(...runs: TagState['runs']): TagState {
  return { ...emptyTagState, runs };
}

describe('the history of a tag', () => {
  it('of a tag that never moved is its record', () => {
    expect(historyOf(record(a, 10, 50), emptyTagState)).toEqual([run(a, 10, 50)]);
  });

  it('knows from the record when the newest digest was last confirmed', () => {
    const state = stateOf(run(b, 60, 60), run(a, 10, 50));
    expect(historyOf(record(b, 60, 90), state)).toEqual([run(b, 60, 90), run(a, 10, 50)]);
  });

  it('is that of the state while the record of a move is not written yet', () => {
    const state = stateOf(run(b, 60, 60), run(a, 10, 50));
    expect(historyOf(record(a, 10, 50), state)).toEqual(state.runs);
  });

  it('has what an older version moved meanwhile, without trusting how long it stood', () => {
    const state = stateOf(run(b, 60, 80), run(a, 10, 50));
    const moved = {
      ...record(a, 200, 250),
      firstSeen: 10,
      history: [
        { digest: c, until: 200 },
        { digest: b, until: 100 },
        { digest: a, until: 60 },
      ],
    };
    expect(historyOf(moved, state)).toEqual([
      run(a, 200, 250),
      run(c, 100, 100),
      run(b, 60, 80),
      run(a, 10, 50),
    ]);
  });
});

describe('a sighting', () => {
  it('of the same digest is not written', () => {
    expect(
      withSighting(emptyTagState, record(a, 10, 50), { ...seen, digest: a, now: 60 }),
    ).toBeUndefined();
  });

  it('of another digest keeps how long the one before stood', () => {
    const state = withSighting(emptyTagState, record(a, 10, 50), { ...seen, digest: b, now: 60 });
    expect(state?.runs).toEqual([run(b, 60, 60), run(a, 10, 50)]);
  });

  it('after the tag was gone begins a new run of the same digest', () => {
    const gone = { ...seen, isReturn: true, digest: a, now: 60 };
    const state = withSighting(emptyTagState, record(a, 10, 50), gone);
    expect(state?.runs).toEqual([run(a, 60, 60), run(a, 10, 50)]);
  });

  it('is written once when a digest becomes mature', () => {
    const ripe = { ...seen, digest: a, cooldown: cooldownOf(100) };
    const young = withSighting(emptyTagState, record(a, 10, 50), { ...ripe, now: 109 });
    expect(young).toBeUndefined();
    const mature = withSighting(emptyTagState, record(a, 10, 50), { ...ripe, now: 110 });
    expect(mature?.runs).toEqual([run(a, 10, 110)]);
    if (mature === undefined) throw new Error('it is mature');
    expect(withSighting(mature, record(a, 10, 110), { ...ripe, now: 300 })).toBeUndefined();
  });

  it('drops what is more than a year old or beyond a hundred, but never the last mature digest', () => {
    const old = run(a, 0, 1000);
    const young = Array.from({ length: 150 }, (_, at) => {
      const first = 2000 + at * 10;
      return run(madeDigest(String(at)), first, first + 5);
    }).reverse();
    const state = stateOf(...young, old);
    const cooldown = cooldownOf(900);
    const next = withSighting(state, undefined, { ...seen, digest: b, now: 9000, cooldown });
    expect(next?.runs).toHaveLength(mostRuns + 1);
    expect(next?.runs.at(-1)).toEqual(old);
    const late = { ...seen, digest: b, now: 9000 + runLife, cooldown };
    expect(withSighting(state, undefined, late)?.runs).toEqual([run(b, late.now, late.now), old]);
  });

  it("has the push time of the registry's clock, once and even of a tag that never moved", () => {
    const cooldown = { age: 100, clock: 'hub' } as const;
    const asked = { ...seen, digest: a, now: 60, cooldown, pushed: { at: -30 } };
    const first = withSighting(emptyTagState, undefined, asked);
    expect(first?.runs).toEqual([{ ...run(a, 60, 60), pushed: -30 }]);
    const known = withSighting(emptyTagState, record(a, 10, 50), asked);
    expect(known?.runs).toEqual([{ ...run(a, 10, 60), pushed: -30 }]);
    if (known === undefined) throw new Error('it was written');
    const again = { ...asked, now: 65, pushed: { at: 5 } };
    expect(withSighting(known, record(a, 10, 60), again)).toBeUndefined();
    const ripe = withSighting(known, record(a, 10, 60), { ...seen, digest: a, now: 70, cooldown });
    expect(ripe?.runs).toEqual([{ ...run(a, 10, 70), pushed: -30 }]);
  });

  it('counts from the first sighting if the clock does not say, or says something impossible', () => {
    const cooldown = { age: 100, clock: 'hub' } as const;
    const moved = (at: number | undefined) =>
      withSighting(emptyTagState, record(a, 10, 50), {
        ...seen,
        ...{ digest: b, now: 60, cooldown, pushed: { at } },
      })?.runs[0]?.pushed;
    expect([undefined, 55, 20, 99].map(moved)).toEqual([60, 55, 50, 60]);
  });

  it('is never lost, whatever the order of digests', () => {
    const sightings = fc.array(
      fc.record({ digest: fc.constantFrom(a, b, c), after: fc.integer({ min: 1, max: 50 }) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(sightings, (steps) => {
        let state: TagState = emptyTagState;
        let known = record(steps[0]?.digest ?? a, 0, 0);
        let now = 0;
        const moves = [known.digest];
        for (const { digest, after } of steps) {
          now += after;
          state = withSighting(state, known, { ...seen, digest, now }) ?? state;
          if (digest !== known.digest) moves.push(digest);
          const changed = digest === known.digest ? known.changed : now;
          known = { ...known, digest, changed, checked: now };
        }
        const runs = historyOf(known, state);
        expect(runs.map((one) => one.digest).reverse()).toEqual(moves);
        expect(runs.every((one, at) => at === 0 || one.last <= (runs[at - 1]?.first ?? 0))).toBe(
          true,
        );
      }),
    );
  });
});
