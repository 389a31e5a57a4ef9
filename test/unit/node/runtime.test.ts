import { expect, test } from 'vitest';
import { nodeRuntime } from '../../../functions/node/runtime.ts';

test('an answer waits for the work beside it, and for the work that this begins', async () => {
  const { runtime, settled } = nodeRuntime(() => undefined);
  const done: string[] = [];
  const later = async () => {
    await new Promise(setImmediate);
    done.push('second');
  };
  const first = new Promise(setImmediate).then(() => {
    done.push('first');
    runtime.waitUntil(later());
  });
  runtime.waitUntil(first);
  await settled(5000);
  expect(done).toEqual(['first', 'second']);
});

test('an answer does not wait longer than it may', async () => {
  const { runtime, settled } = nodeRuntime(() => undefined);
  runtime.waitUntil(new Promise(() => undefined));
  // The work never ends: that this does is the bound.
  await settled(20);
});

test('without work nothing is waited for', async () => {
  const { settled } = nodeRuntime(() => undefined);
  // Longer than a test may take.
  await settled(3_600_000);
});
