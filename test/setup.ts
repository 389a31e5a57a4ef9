import fc from 'fast-check';
import { expect } from 'vitest';

declare module 'vitest' {
  interface Matchers<T> {
    /** The same bytes. It says where they differ, and prints none of them: a diff of megabytes takes seconds. */
    toEqualBytes(expected: Uint8Array): T;
  }
}

// CI looks further; at a desk the whole suite has to be a matter of seconds.
fc.configureGlobal({ numRuns: process.env.CI === 'true' ? 1000 : 50 });

expect.extend({
  toEqualBytes(received: unknown, expected: Uint8Array) {
    if (!(received instanceof Uint8Array)) {
      return { pass: false, message: () => `bytes were expected, not ${String(received)}` };
    }
    return {
      pass: Buffer.compare(received, expected) === 0,
      message: () => difference(received, expected),
    };
  },
});

function difference(received: Uint8Array, expected: Uint8Array): string {
  const lengths = `${received.byteLength} bytes, and ${expected.byteLength} were expected`;
  const at = received.findIndex((byte, index) => byte !== expected[index]);
  return at < 0 ? lengths : `${lengths}: they differ at byte ${at}`;
}
