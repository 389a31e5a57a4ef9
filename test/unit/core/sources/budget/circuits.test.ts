import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  afterAnswer,
  afterRefusal,
  decide,
  type OwnerState,
  type RequestKind,
  unknownOwner,
} from '../../../../../functions/core/sources/budget/circuits.ts';

const kinds = ['pull', 'head', 'blob', 'other'] as const;

/** What happens to an owner: time passes, or a request ends that was sent a moment ago. */
const happening = fc.record({
  wait: fc.integer({ min: 0, max: 200_000 }),
  request: fc.constantFrom(...kinds),
  took: fc.integer({ min: 0, max: 30_000 }),
  isRefused: fc.boolean(),
  limit: fc.constantFrom('pulls', 'abuse', undefined),
  retryAfter: fc.option(fc.integer({ min: 1, max: 3600 }), { nil: undefined }),
  remaining: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
});

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

function after(state: OwnerState, happened: Happening, now: number): OwnerState {
  const { request, took, remaining, isRefused, limit, retryAfter } = happened;
  const isManifest = request === 'pull' || request === 'head';
  const rate =
    remaining === undefined || !isManifest
      ? undefined
      : { limit: 100, remaining, windowSeconds: 21_600 };
  const answered = { request, sent: now - took, rate };
  return isRefused
    ? afterRefusal(state, { ...answered, limit, retryAfter }, now)
    : afterAnswer(state, answered, now);
}

const may = (state: OwnerState, request: RequestKind, now: number) =>
  decide(state, request, { now }).kind;

it('sends no pull after the last one until a HEAD shows more, the window ends, or one is answered', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      let state = unknownOwner;
      let now = 1_000_000;
      let spent: number | undefined;
      for (const happened of happenings) {
        now += happened.wait;
        const isManifest = happened.request === 'pull' || happened.request === 'head';
        state = after(state, happened, now);
        const { remaining, request, isRefused, took, limit } = happened;
        const sent = now - took;
        const isReport = isManifest && remaining !== undefined && !(isRefused && limit === 'abuse');
        if (spent !== undefined && !isRefused && sent >= spent) {
          const hasMore = request === 'head' && isReport && remaining > 0;
          if (hasMore || request === 'pull') spent = undefined;
        }
        if (isReport && remaining === 0) spent = now;
        if (isRefused && request === 'pull' && limit !== 'abuse' && spent !== undefined) {
          // A refusal opens it again.
          if (happened.retryAfter === undefined) spent = now;
        }
        const isSpent = spent !== undefined && now - spent < 60_000;
        if (isSpent) expect(may(state, 'pull', now)).not.toBe('send');
      }
    }),
  );
});

it('never stops blobs and lists unless there was abuse, and everything then', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      let state = unknownOwner;
      let now = 1_000_000;
      let abuse = 0;
      for (const happened of happenings) {
        now += happened.wait;
        state = after(state, happened, now);
        const { isRefused, limit, request, retryAfter = 60 } = happened;
        const isAbuse = isRefused && (limit === 'abuse' || request === 'blob');
        if (isAbuse) abuse = Math.max(abuse, now + retryAfter * 1000);
        const expected = now < abuse ? 'stop' : 'send';
        for (const kind of ['blob', 'other'] as const) expect(may(state, kind, now)).toBe(expected);
        if (now < abuse) expect(may(state, 'head', now)).toBe('stop');
      }
    }),
  );
});

it('never stops HEADs because nothing is left', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      let state = unknownOwner;
      let now = 1_000_000;
      for (const happened of happenings) {
        now += happened.wait;
        const isPull = happened.request === 'pull';
        const limit = happened.isRefused && isPull ? 'pulls' : undefined;
        const isRefused = happened.isRefused && isPull;
        state = after(state, { ...happened, isRefused, limit, retryAfter: undefined }, now);
        expect(may(state, 'head', now)).toBe('send');
      }
    }),
  );
});

it('lets everything through again within an hour and the window', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      let state = unknownOwner;
      let now = 1_000_000;
      for (const happened of happenings) {
        now += happened.wait;
        state = after(state, happened, now);
      }
      for (const kind of kinds) expect(may(state, kind, now + 21_600_000)).toBe('send');
    }),
  );
});
