import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResumableSha256 } from '../../../../functions/core/bytes/resumable-sha256.ts';

function expected(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('node:crypto gives the same hash', () => {
  test('for every length around the ends of blocks', () => {
    const bytes = new Uint8Array(randomBytes(200));
    for (let length = 0; length <= bytes.length; length++) {
      const hash = new ResumableSha256();
      hash.update(bytes.subarray(0, length));
      expect(hash.hex()).toBe(expected(bytes.subarray(0, length)));
    }
  });

  test('for any bytes in any pieces, saved and restored between any of them', () => {
    const pieces = fc.array(
      fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), saved: fc.boolean() }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (all) => {
        let hash: ResumableSha256 | undefined = new ResumableSha256();
        for (const { bytes, saved } of all) {
          hash?.update(bytes);
          if (saved) hash = ResumableSha256.restore(hash?.save() ?? '');
        }
        const whole = Buffer.concat(all.map(({ bytes }) => bytes));
        expect(hash?.length).toBe(whole.length);
        expect(hash?.hex()).toBe(expected(whole));
      }),
    );
  });

  test('for bytes at any offset of their buffer', () => {
    const memory = new Uint8Array(randomBytes(1000));
    const hash = new ResumableSha256();
    hash.update(memory.subarray(3, 700));
    expect(hash.hex()).toBe(expected(memory.subarray(3, 700)));
  });

  test('for more bytes than 32 bits can count', () => {
    const begun = new ResumableSha256();
    begun.update(new Uint8Array(randomBytes(64)));
    const versionAndWords = begun.save().slice(0, 2 + 64);
    const length = 0x1_9abc_de40n;
    const large = ResumableSha256.restore(
      `${versionAndWords}${length.toString(16).padStart(16, '0')}`,
    );
    const padding = Buffer.alloc(64);
    padding[0] = 0x80;
    padding.writeBigUInt64BE(length * 8n, 56);
    begun.update(padding);
    expect(large?.length).toBe(Number(length));
    expect(ResumableSha256.restore(large?.save() ?? '')?.length).toBe(Number(length));
    expect(large?.hex()).toBe(begun.save().slice(2, 2 + 64));
  });
});

describe('what cannot be restored', () => {
  const hash = new ResumableSha256();
  hash.update(new Uint8Array(70));
  const saved = hash.save();

  test.each([
    ['nothing', ''],
    ['half a state', saved.slice(0, 40)],
    ['a byte too few', saved.slice(0, -2)],
    ['a byte too many', `${saved}00`],
    ['no hex', saved.replace(/.$/, 'x')],
    ['another hash', 'sha512'],
    ['another version', saved.replace(/^1:/, '2:')],
    ['a state without a version', saved.replace(/^1:/, '')],
  ])('%s', (_, text) => {
    expect(ResumableSha256.restore(text)).toBeUndefined();
  });
});
