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
    };
    expect(readReferrers(bytes(referrersIndex([one])))).toEqual([one]);
    expect(JSON.parse(referrersIndex([]))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
  });

  it('are empty for null, as Go writes an empty list', () => {
    expect(readReferrers(bytes('{"manifests":null}'))).toEqual([]);
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
