import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  algorithmOf,
  digestOf,
  encodedOf,
  parseDigest,
} from '../../../../functions/core/oci/digest.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

const digests = fc.oneof(
  hex(64).map((encoded) => ['sha256', encoded] as const),
  hex(128).map((encoded) => ['sha512', encoded] as const),
);

describe('digest', () => {
  it('reads every digest of a registered algorithm, in its parts', () => {
    fc.assert(
      fc.property(digests, ([algorithm, encoded]) => {
        const digest = parseDigest(`${algorithm}:${encoded}`);
        if (digest === undefined) throw new Error('not read');
        expect(algorithmOf(digest)).toBe(algorithm);
        expect(encodedOf(digest)).toBe(encoded);
      }),
    );
  });

  it('refuses a digest with any character that is not lower-case hex', () => {
    const strange = fc.string({ minLength: 1, maxLength: 1 }).filter((c) => !/[0-9a-f]/.test(c));
    fc.assert(
      fc.property(digests, fc.nat(), strange, ([algorithm, encoded], seed, character) => {
        const at = seed % encoded.length;
        const changed = encoded.slice(0, at) + character + encoded.slice(at + 1);
        expect(parseDigest(`${algorithm}:${changed}`)).toBeUndefined();
      }),
    );
  });

  it('refuses a wrong length and unknown algorithms', () => {
    const long = 'a'.repeat(64);
    const wrong = [
      '',
      ':',
      'sha256',
      'sha256:',
      long,
      `sha256:${long}a`,
      `sha256:${long.slice(1)}`,
    ];
    const unknown = [`sha512:${long}`, `SHA256:${long}`, `md5:${long}`, `constructor:${long}`];
    const spaced = [` sha256:${long}`, `sha256:${long}\n`, `sha256::${long.slice(1)}`];
    for (const text of [...wrong, ...unknown, ...spaced]) {
      expect(parseDigest(text), text).toBeUndefined();
    }
  });

  it('parses any text without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDigest(text)));
  });

  it('computes what sha256sum and sha512sum compute', async () => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const bytes = new TextEncoder().encode('{"schemaVersion":2}');
      const expected = createHash(algorithm).update(bytes).digest('hex');
      expect(await digestOf(bytes, algorithm)).toBe(`${algorithm}:${expected}`);
    }
  });
});
