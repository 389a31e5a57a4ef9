import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  UpstreamError,
  type UpstreamErrorKind,
} from '../../../../functions/core/ports/upstream-error.ts';
import type { RegistryForm } from '../../../../functions/core/registry/route.ts';
import {
  refusalOf,
  refusalOfFailure,
  type Wanted,
} from '../../../../functions/core/registry/status-policy.ts';
import type { Unobtained } from '../../../../functions/core/sources/unobtained.ts';

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
const forms: readonly RegistryForm[] = ['ns', 'after-v2', 'before-v2', 'none'];
const limited = unobtainable('limited', 30);
const gone = unobtainable('unreachable');
/** The client has an index from this mirror that names the manifest. */
const ofIndex = { ...gone, hasIndex: true };
const ofIndexLimited = { ...limited, hasIndex: true };

type Row = readonly [Unobtained, Wanted, RegistryForm, number, string, number | undefined];
const table: readonly Row[] = [
  [{ kind: 'absent' }, 'manifest', 'ns', 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'manifest', 'none', 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'blob', 'none', 404, 'BLOB_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'tags', 'none', 404, 'NAME_UNKNOWN', undefined],
  [{ kind: 'absent' }, 'referrers', 'ns', 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'denied' }, 'manifest', 'none', 404, 'MANIFEST_UNKNOWN', undefined],
  [{ kind: 'denied' }, 'blob', 'ns', 404, 'BLOB_UNKNOWN', undefined],
  [limited, 'manifest', 'ns', 503, 'TOOMANYREQUESTS', 30],
  [limited, 'manifest', 'none', 429, 'TOOMANYREQUESTS', 1],
  [limited, 'blob', 'ns', 503, 'TOOMANYREQUESTS', 30],
  [limited, 'blob', 'none', 429, 'TOOMANYREQUESTS', 1],
  [unobtainable('limited', 0.00116), 'manifest', 'ns', 503, 'TOOMANYREQUESTS', 1],
  [unobtainable('limited', 3600), 'manifest', 'ns', 503, 'TOOMANYREQUESTS', 60],
  [gone, 'manifest', 'ns', 503, 'UNAVAILABLE', 5],
  [gone, 'manifest', 'none', 503, 'UNAVAILABLE', undefined],
  [gone, 'tags', 'none', 503, 'UNAVAILABLE', undefined],
  [gone, 'blob', 'ns', 503, 'UNAVAILABLE', 5],
  [gone, 'blob', 'none', 429, 'TOOMANYREQUESTS', 1],
  [limited, 'manifest', 'after-v2', 503, 'TOOMANYREQUESTS', 30],
  [limited, 'manifest', 'before-v2', 429, 'TOOMANYREQUESTS', 1],
  [limited, 'blob', 'after-v2', 503, 'TOOMANYREQUESTS', 30],
  [limited, 'blob', 'before-v2', 429, 'TOOMANYREQUESTS', 1],
  [gone, 'blob', 'after-v2', 503, 'UNAVAILABLE', 5],
  [gone, 'blob', 'before-v2', 429, 'TOOMANYREQUESTS', 1],
  [ofIndex, 'manifest', 'after-v2', 424, 'UNAVAILABLE', undefined],
  [ofIndexLimited, 'manifest', 'after-v2', 424, 'TOOMANYREQUESTS', undefined],
];

describe('status policy', () => {
  it.each(table)('%j, %s, %s: %s %s', (unobtained, wanted, form, status, code, retryAfter) => {
    const refusal = refusalOf(unobtained, 'docker.io', { wanted, form });
    expect([refusal.status, refusal.code, refusal.retryAfter]).toEqual([status, code, retryAfter]);
  });

  it('never turns a failure into 404, asks for a login, or lets a client wait over a minute', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.constantFrom(...wanteds),
        fc.constantFrom(...forms),
        fc.option(fc.double({ min: -10, max: 70, noNaN: true }), { nil: undefined }),
        (kind, wanted, form, retryAfter) => {
          const circumstances = { wanted, form };
          const refusal = refusalOf(unobtainable(kind, retryAfter), 'docker.io', circumstances);
          expect([429, 503]).toContain(refusal.status);
          const is503 = form === 'ns' || form === 'after-v2';
          if (is503) expect(refusal.status).toBe(503);
          if (!is503 && wanted === 'blob') expect(refusal.status).toBe(429);
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
      for (const form of forms) {
        const circumstances = { wanted, form };
        const { message: _, ...own } = refusalOfFailure(circumstances);
        const { message: __, ...theirs } = refusalOf(gone, 'docker.io', circumstances);
        expect(own).toEqual(theirs);
      }
    }
  });
});
