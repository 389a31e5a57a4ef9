import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinChunks, toHex } from '../../../../functions/core/bytes/byte-array.ts';

it("toHex equals Node's hex", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
    }),
  );
});

it("joinChunks equals Node's concat", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      const whole = Buffer.concat(chunks);
      expect(joinChunks(chunks, whole.byteLength)).toEqual(new Uint8Array(whole));
    }),
  );
});
