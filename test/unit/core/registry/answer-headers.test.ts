import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNotModified, rangeApplies } from '../../../../functions/core/headers/conditional.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';
import {
  cacheStatus,
  immutable,
  listCacheControl,
  tagCacheControl,
  warning,
} from '../../../../functions/core/registry/answer-headers.ts';
import { parseTarget } from '../../../../functions/core/registry/route.ts';

const hit = { kind: 'hit', ttl: 119.9 } as const;
const pinned = { kind: 'hit', ttl: undefined } as const;
const revalidated = { kind: 'revalidated', ttl: 300 } as const;
const revalidating = { kind: 'revalidating', ttl: -30 } as const;
const miss = { kind: 'miss' } as const;
const stale = { kind: 'stale', age: 9, reason: 'r' } as const;
const kept = { kind: 'kept', since: 0 } as const;

describe('Cache-Status', () => {
  it.each([
    [hit, 'Pullfront; hit; ttl=119'],
    [pinned, 'Pullfront; hit'],
    [revalidated, 'Pullfront; fwd=stale; ttl=300; detail=revalidated'],
    [revalidating, 'Pullfront; hit; ttl=-30; detail=stale-while-revalidate'],
    [miss, 'Pullfront; fwd=miss'],
    [stale, 'Pullfront; hit; detail=stale'],
    [kept, 'Pullfront; hit; detail=kept'],
  ])('of %j', (provenance, value) => expect(cacheStatus(provenance)).toBe(value));
});

describe('Cache-Control', () => {
  it.each([
    [hit, 'public, max-age=119, no-transform', 'public, max-age=119, no-transform'],
    [pinned, immutable, immutable],
    [revalidated, 'public, max-age=300, no-transform', 'public, max-age=300, no-transform'],
    [miss, 'public, max-age=60, no-transform', 'no-cache, no-transform'],
    [revalidating, 'no-cache, no-transform', 'no-cache, no-transform'],
    [stale, 'no-cache, no-transform', 'no-cache, no-transform'],
    [kept, 'no-cache, no-transform', 'no-cache, no-transform'],
  ])('of %j', (provenance, ofTag, ofList) => {
    expect(tagCacheControl(provenance, 60_000)).toBe(ofTag);
    expect(listCacheControl(provenance)).toBe(ofList);
  });
  it('is never negative', () => {
    expect(listCacheControl({ kind: 'hit', ttl: -5 })).toBe('public, max-age=0, no-transform');
  });
});

describe('Warning', () => {
  it('is printable ASCII of at most 4096 bytes, whatever the text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6000 });
    fc.assert(
      fc.property(text, (text) => {
        const value = warning(text);
        expect(value.length).toBeLessThanOrEqual(4096);
        expect(value).toMatch(/^299 - "(?:[ !#-[\]-~]|\\["\\])*"$/);
      }),
    );
  });
  it('keeps printable text', () => {
    expect(warning('a "b" \\ c')).toBe('299 - "a \\"b\\" \\\\ c"');
    expect(warning('"'.repeat(9000)).length).toBe(4096);
  });
});

describe('conditions', () => {
  const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
  if (digest === undefined) throw new Error('not a digest');
  it.each([
    [undefined, false],
    ['', false],
    ['*', true],
    [' * ', true],
    [`"${digest}"`, true],
    [`W/"${digest}"`, true],
    [`"x",W/"${digest}" , "y"`, true],
    [digest, false],
    [`"${digest}x"`, false],
    [`"x*"`, false],
  ])('If-None-Match: %s', (header, expected) => {
    expect(isNotModified(header, digest)).toBe(expected);
  });
  it.each([
    [undefined, true],
    [`"${digest}"`, true],
    [`W/"${digest}"`, false],
    ['Sat, 21 Nov 2026 09:00:00 GMT', false],
  ])('If-Range: %s', (header, expected) => expect(rangeApplies(header, digest)).toBe(expected));
});

describe('target', () => {
  it('has the same ns as a query parser finds', () => {
    const query = fc.array(
      fc.constantFrom('ns=', 'ns', '=', '&', 'docker.io', '%6e', '+', 'A', '?'),
    );
    fc.assert(
      fc.property(query, (pieces) => {
        const text = pieces.join('');
        const { path, query, ns } = parseTarget(`/v2/?${text}`);
        expect(path).toBe('/v2/');
        expect(query).toBe(text);
        expect(ns).toBe(new URLSearchParams(text).get('ns') || undefined);
      }),
    );
  });
});
