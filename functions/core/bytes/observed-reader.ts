import type { ByteReader } from './byte-reader.ts';

/** What arrived of a body. */
export interface Arrival {
  readonly bytes: number;
  /** How long reads waited for the sender. */
  readonly milliseconds: number;
  /** Why it broke off; undefined if it did not. */
  readonly error: unknown;
}

/** Reads the same bytes, and reports once what arrived. */
export function observedReader(
  reader: ByteReader,
  now: () => number,
  onEnd: (arrival: Arrival) => void,
): ByteReader {
  let bytes = 0;
  let milliseconds = 0;
  let isOver = false;
  const end = (error?: unknown) => {
    if (!isOver) onEnd({ bytes, milliseconds, error });
    isOver = true;
  };
  return {
    async read() {
      const began = now();
      try {
        const next = await reader.read();
        milliseconds += Math.max(0, now() - began);
        if (next.done) end();
        else bytes += next.value.byteLength;
        return next;
      } catch (error) {
        end(error);
        throw error;
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  };
}
