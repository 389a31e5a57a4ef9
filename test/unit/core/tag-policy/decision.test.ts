import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import type { TagState } from '../../../../functions/core/ports/tag-states.ts';
import { tagPolicy } from '../../../../functions/core/tag-policy/decision.ts';
import { withSighting } from '../../../../functions/core/tag-policy/history.ts';
import { noRules, type TagRule } from '../../../../functions/core/tag-policy/tag-rule.ts';
import { madeDigest, record, run } from './made-history.ts';
import { madeRule } from './made-rule.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(madeDigest) as [
  ReturnType<typeof madeDigest>,
  ReturnType<typeof madeDigest>,
  ReturnType<typeof madeDigest>,
  ReturnType<typeof madeDigest>,
];
const now = 1000;
const order = { by: 'ann', why: 'broken', since: 1 };

const rule = (differences: Partial<TagRule>) => madeRule('library/**', differences);

const cooldown = rule({
  cooldown: { age: 100, first: 'allow', fast: 'stay', strict: false, clock: 'first-seen' },
});
const deny = rule({ access: 'deny' });
const freezes = rule({ freeze: c });

describe('the policy of a tag', () => {
  const state: TagState = {
    ...emptyTagState,
    runs: [run(b, 950, 960), run(a, 10, 900)],
    rolledBack: { digest: d, ...order },
    frozen: { digest: b, ...order },
  };
  const latest = record(b, 950, 990);
  const rules = { access: deny, freeze: freezes, cooldown };

  it('takes the first that applies', () => {
    const decide = (one: Partial<TagState>, some: Partial<typeof rules>, asOf?: number) =>
      tagPolicy(latest, { ...state, ...one }, { ...noRules, ...some }, { now, asOf });
    const withoutOrders = { rolledBack: undefined, frozen: undefined };
    expect(decide({}, rules, 20)).toMatchObject({ kind: 'refuse', reason: { kind: 'denied' } });
    const others = { freeze: freezes, cooldown };
    expect(decide({}, others, 20)).toMatchObject({ digest: a, reason: { kind: 'as-of' } });
    expect(decide({}, others)).toMatchObject({ digest: d, reason: { kind: 'rolled-back' } });
    expect(decide({ rolledBack: undefined }, others)).toMatchObject({
      digest: b,
      reason: { kind: 'frozen' },
    });
    expect(decide(withoutOrders, others)).toMatchObject({
      digest: c,
      reason: { kind: 'frozen-by-rule' },
    });
    expect(decide(withoutOrders, { cooldown })).toMatchObject({
      digest: a,
      reason: { kind: 'cooling', newest: b, release: 1050 },
    });
    expect(decide(withoutOrders, {})).toMatchObject({ digest: b, reason: { kind: 'latest' } });
  });

  it('allows what an earlier rule allows', () => {
    const allowed = { ...noRules, access: rule({ access: 'allow' }) };
    expect(tagPolicy(latest, emptyTagState, allowed, { now }).kind).toBe('serve');
  });

  it('forgets a decision that has ended', () => {
    const ended = { ...emptyTagState, frozen: { digest: a, ...order, until: now } };
    expect(tagPolicy(latest, ended, noRules, { now })).toMatchObject({ digest: b });
    expect(tagPolicy(latest, ended, noRules, { now: now - 1 })).toMatchObject({ digest: a });
  });

  it('only says what a rule would do that observes', () => {
    const observing = (one: TagRule) => ({ ...one, mode: 'observe' as const });
    const denied = tagPolicy(
      latest,
      emptyTagState,
      { ...noRules, access: observing(deny) },
      { now },
    );
    expect(denied).toMatchObject({ kind: 'serve', digest: b, observed: { kind: 'denied' } });
    const held = tagPolicy(
      latest,
      { ...emptyTagState, runs: state.runs },
      { ...noRules, cooldown: observing(cooldown) },
      { now },
    );
    expect(held).toMatchObject({ kind: 'serve', digest: b, observed: { kind: 'cooling' } });
  });

  it('serves or holds a tag without a mature digest, as the rule says', () => {
    const young = record(b, 950, 990);
    const allow = tagPolicy(young, emptyTagState, { ...noRules, cooldown }, { now });
    expect(allow).toMatchObject({ kind: 'serve', digest: b, reason: { kind: 'none-mature' } });
    const strict = rule({
      cooldown: { age: 100, first: 'refuse', fast: 'stay', strict: false, clock: 'first-seen' },
    });
    const refuse = tagPolicy(young, emptyTagState, { ...noRules, cooldown: strict }, { now });
    expect(refuse).toMatchObject({ kind: 'hold', reason: { newest: b, release: 1050 } });
  });

  it('says since when a date is known', () => {
    expect(tagPolicy(latest, state, noRules, { now, asOf: 5 })).toEqual({
      kind: 'refuse',
      reason: { kind: 'unknown-date', earliest: 10 },
    });
  });
});

// The promise of a cooldown: once a tag has a mature digest, no order of sightings, of restarts and of
// instances has it serve a digest that stood for less, or lose the mature one.
describe('a cooldown that is enforced', () => {
  const age = 100;
  const rules = { ...noRules, cooldown };
  const sighting = fc.record({
    digest: fc.constantFrom(a, b, c, d),
    after: fc.integer({ min: 0, max: 120 }),
    isReturn: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    /** The instance that checks the tag: it reads what is stored first. */
    instance: fc.integer({ min: 0, max: 2 }),
    /** An instance that serves the tag from what it last read. */
    server: fc.integer({ min: 0, max: 2 }),
  });

  it('never serves a young digest as a mature one, nor loses the mature one', () => {
    fc.assert(
      fc.property(fc.array(sighting, { minLength: 1, maxLength: 60 }), (sightings) => {
        let now = 0;
        let stored = { record: record(a, 0, 0), state: emptyTagState as TagState };
        const memories = [stored, stored, stored];
        const stood = new Map<string, number>();
        let current = { digest: a, since: 0 };
        const hasMature = [false, false, false];
        for (const { digest, after, isReturn, instance, server } of sightings) {
          now += after;
          // What really stood, by all sightings of all instances.
          if (current.digest !== digest || isReturn) current = { digest, since: now };
          stood.set(digest, Math.max(stood.get(digest) ?? 0, now - current.since));
          const seen = {
            digest,
            now,
            seenBy: 'pull',
            isReturn,
            cooldown: { age, clock: 'first-seen' },
          } as const;
          const { record: known, state } = stored;
          const changed = known.digest === digest ? known.changed : now;
          stored = {
            state: withSighting(state, known, seen) ?? state,
            record: { ...known, digest, changed, checked: now },
          };
          memories[instance] = stored;
          for (const one of [instance, server]) {
            const known = memories[one] ?? stored;
            const decision = tagPolicy(known.record, known.state, rules, { now });
            if (decision.kind !== 'serve' || decision.digest === undefined) {
              throw new Error('something is served');
            }
            const isMature = decision.reason.kind !== 'none-mature';
            if (isMature) expect(stood.get(decision.digest)).toBeGreaterThanOrEqual(age);
            if (hasMature[one]) expect(isMature).toBe(true);
            hasMature[one] = isMature;
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
