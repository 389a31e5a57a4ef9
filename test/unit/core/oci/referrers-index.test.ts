import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';
import {
  readReferrers,
  referrersIndex,
  referrersTag,
} from '../../../../functions/core/oci/referrers-index.ts';
import { errorBody } from '../../../../functions/core/registry/refusal.ts';

function digest(text: string) {
  const parsed = parseDigest(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = digest(`sha256:${'1a'.repeat(32)}`);

describe('referrers', () => {
  it('have a fallback tag, cut as the specification says', () => {
    expect(referrersTag(sha256)).toBe(`sha256-${'1a'.repeat(32)}`);
    expect(referrersTag(digest(`sha512:${'1a'.repeat(64)}`))).toBe(`sha512-${'1a'.repeat(32)}`);
  });

  it('are read as they are written', () => {
    const one = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: sha256,
      size: 3,
      artifactType: 'application/x',
      annotations: { a: 'b' },
      platform: { os: 'linux', architecture: 'arm64', 'os.features': ['a'] },
      data: 'e30=',
    };
    const list = { manifests: [one], annotations: { source: 'up' } };
    expect(readReferrers(bytes(referrersIndex(list)))).toEqual(list);
    expect(JSON.parse(referrersIndex({ manifests: [] }))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
  });

  it('are empty for null, as Go writes an empty list', () => {
    expect(readReferrers(bytes('{"manifests":null}'))).toEqual({ manifests: [] });
  });

  it('lose what is no platform, no data and no annotation, and long annotations of the list', () => {
    const one = { mediaType: 'm', digest: sha256, size: 3 };
    const odd = { ...one, platform: { os: 7, variant: 'v8', features: [1] }, data: '<b>' };
    const annotations = { long: 'x'.repeat(20_000) };
    expect(readReferrers(bytes(JSON.stringify({ manifests: [odd], annotations })))).toEqual({
      manifests: [{ ...one, platform: { variant: 'v8' } }],
    });
  });

  it.each(['<html>', '{}', '[]', 'null', '{"manifests":{}}', ''])('are not in %s', (text) => {
    expect(readReferrers(bytes(text))).toBeUndefined();
  });
});

describe('errors', () => {
  it("are in the specification's JSON, whatever the message holds", () => {
    const message = 'a "quote"\nand a line';
    const expected = { errors: [{ code: 'NAME_UNKNOWN', message }] };
    expect(JSON.parse(errorBody('NAME_UNKNOWN', message))).toEqual(expected);
  });
});
