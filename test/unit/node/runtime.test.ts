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

test('an answer waits longer for work that must keep the process awake, and only for that', async () => {
  const { runtime, settled } = nodeRuntime(() => undefined);
  runtime.waitUntil(new Promise(() => undefined));
  let checked = false;
  const check = new Promise((resolve) => setTimeout(resolve, 60)).then(() => {
    checked = true;
  });
  runtime.waitUntil(check, 5000);
  await settled(1);
  expect(checked).toBe(true);
  runtime.waitUntil(new Promise(() => undefined), 30);
  await settled(1);
});
