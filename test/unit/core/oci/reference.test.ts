import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReference, referenceText } from '../../../../functions/core/oci/reference.ts';

/** The grammar of distribution-spec §Pulling manifests, as it stands there. */
const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/);

describe('reference', () => {
  it('reads every tag and gives it back', () => {
    fc.assert(
      fc.property(tags, (tag) => {
        const reference = parseReference(tag);
        expect(reference).toEqual({ kind: 'tag', tag });
        expect(reference && referenceText(reference)).toBe(tag);
      }),
    );
  });

  it('reads a digest and gives it back', () => {
    const digest = `sha256:${'0a'.repeat(32)}`;
    const reference = parseReference(digest);
    expect(reference).toEqual({ kind: 'digest', digest });
    expect(reference && referenceText(reference)).toBe(digest);
  });

  it('parses text with a colon only as a digest', () => {
    fc.assert(
      fc.property(tags, tags, (left, right) => {
        expect(parseReference(`${left}:${right}`)).toBeUndefined();
      }),
    );
  });

  it('refuses text outside the grammar', () => {
    const outside = ['', '-a', '.a', 'a b', 'a/b', 'ä', 'a'.repeat(129), 'a\n', '..', '%41'];
    for (const text of outside) expect(parseReference(text), text).toBeUndefined();
    expect(parseReference('a'.repeat(128))).toBeDefined();
  });

  it('parses any text without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseReference(text)));
  });
});
