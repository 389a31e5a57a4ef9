import { expect, test } from 'vitest';
import {
  type ByteRead,
  noMoreBytes,
  streamOf,
} from '../../../../functions/core/bytes/byte-reader.ts';

test('a stream reads only what its reader asks for, ends and is cancelled with its source', async () => {
  const reads: ByteRead[] = [{ done: false, value: Uint8Array.of(1) }, noMoreBytes];
  const seen = { reads: 0, reason: undefined as unknown };
  const source = () => ({
    read: async () => reads[seen.reads++] ?? noMoreBytes,
    cancel: async (reason: unknown) => {
      seen.reason = reason;
    },
  });
  const reader = streamOf(source()).getReader();
  await Promise.resolve();
  expect(seen.reads).toBe(0);
  expect((await reader.read()).value).toEqual(Uint8Array.of(1));
  expect(seen.reads).toBe(1);
  expect((await reader.read()).done).toBe(true);
  await streamOf(source()).cancel('enough');
  expect(seen.reason).toBe('enough');
});
