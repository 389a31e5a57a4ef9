import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  UpstreamError,
  type UpstreamErrorKind,
} from '../../../../functions/core/ports/upstream-error.ts';
import {
  refusalOf,
  refusalOfFailure,
  type Wanted,
} from '../../../../functions/core/registry/status-policy.ts';
import type { Unobtained } from '../../../../functions/core/sources/source.ts';

function unobtainable(kind: UpstreamErrorKind, retryAfter?: number): Unobtained {
  return { kind: 'unobtainable', error: new UpstreamError(kind, 'why', { retryAfter }) };
}

const kinds: readonly UpstreamErrorKind[] = [
  'limited',
  'unavailable',
  'unreachable',
  'timeout',
  'invalid',
  'credentials',
];
const wanteds: readonly Wanted[] = ['manifest', 'blob', 'tags', 'referrers'];
const limited = unobtainable('limited', 30);
const gone = unobtainable('unreachable');

type Row = readonly [Unobtained, Wanted, boolean, number, string, number | undefined];
const table: readonly Row[] = [
  [{ kind: 'absent' }, 'manifest', true, 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'manifest', false, 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'blob', false, 404, 'BLOB_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'tags', false, 404, 'NAME_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'referrers', true, 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'denied' }, 'manifest', false, 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'denied' }, 'blob', true, 404, 'BLOB_UNKNOWN', undefined],
  [limited, 'manifest', true, 503, 'TOOMANYREQUESTS', 30],
  [limited, 'manifest', false, 429, 'TOOMANYREQUESTS', 1],
  [limited, 'blob', true, 503, 'TOOMANYREQUESTS', 30],
  [limited, 'blob', false, 429, 'TOOMANYREQUESTS', 1],
  [unobtainable('limited', 0.00116), 'manifest', true, 503, 'TOOMANYREQUESTS', 1],
  [unobtainable('limited', 3600), 'manifest', true, 503, 'TOOMANYREQUESTS', 60],
  [gone, 'manifest', true, 503, 'UNAVAILABLE', 5],
  [gone, 'manifest', false, 503, 'UNAVAILABLE', undefined],
  [gone, 'tags', false, 503, 'UNAVAILABLE', undefined],
  [gone, 'blob', true, 503, 'UNAVAILABLE', 5],
  [gone, 'blob', false, 429, 'TOOMANYREQUESTS', 1],
];

describe('status policy', () => {
  it.each(table)('%j, %s, ns %s: %s %s', (unobtained, wanted, hasNs, status, code, retryAfter) => {
    const refusal = refusalOf(unobtained, 'docker.io', { wanted, hasNs });
    expect([refusal.status, refusal.code, refusal.retryAfter]).toEqual([status, code, retryAfter]);
  });

  it('never turns a failure into 404, asks for a login, or lets a client wait over a minute', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.constantFrom(...wanteds),
        fc.boolean(),
        fc.option(fc.double({ min: -10, max: 70, noNaN: true }), { nil: undefined }),
        (kind, wanted, hasNs, retryAfter) => {
          const circumstances = { wanted, hasNs };
          const refusal = refusalOf(unobtainable(kind, retryAfter), 'docker.io', circumstances);
          expect([429, 503]).toContain(refusal.status);
          if (hasNs) expect(refusal.status).toBe(503);
          if (!hasNs && wanted === 'blob') expect(refusal.status).toBe(429);
          if (refusal.retryAfter === undefined) return;
          expect(Number.isInteger(refusal.retryAfter)).toBe(true);
          expect(refusal.retryAfter).toBeGreaterThanOrEqual(1);
          expect(refusal.retryAfter).toBeLessThanOrEqual(60);
        },
      ),
    );
  });

  it("answers this mirror's own failures as an upstream's", () => {
    for (const wanted of wanteds) {
      for (const hasNs of [true, false]) {
        const circumstances = { wanted, hasNs };
        const { message: _, ...own } = refusalOfFailure(circumstances);
        const { message: __, ...theirs } = refusalOf(gone, 'docker.io', circumstances);
        expect(own).toEqual(theirs);
      }
    }
  });
});
