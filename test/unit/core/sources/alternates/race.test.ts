import { expect, test, vi } from 'vitest';
import { race } from '../../../../../functions/core/sources/alternates/race.ts';

const never = () => new Promise<string>(() => undefined);
const fails = async (): Promise<string> => {
  throw new Error('failed');
};
const drop = vi.fn();

test('the second side does not start while the first one answers in time', async () => {
  const second = vi.fn(never);
  const end = await race(async () => 'first', second, 20, drop);
  expect(end).toMatchObject({ winner: 'first', value: 'first' });
  expect(second).not.toHaveBeenCalled();
});

test('it starts when the first one fails, without waiting', async () => {
  const began = Date.now();
  const end = await race(fails, async () => 'second', 5_000, drop);
  expect(end).toMatchObject({ winner: 'second', value: 'second', lateFirst: false });
  expect(Date.now() - began).toBeLessThan(2_000);
});

test('it starts after the wait, and the first one is cancelled when it loses', async () => {
  let signal: AbortSignal | undefined;
  const first = (given: AbortSignal) => {
    signal = given;
    return never();
  };
  const end = await race(first, async () => 'second', 10, drop);
  expect(end).toMatchObject({ winner: 'second', lateFirst: true });
  expect(signal?.aborted).toBe(true);
});

test('the first one can still win after the wait', async () => {
  let answer: (value: string) => void = () => undefined;
  const first = () => new Promise<string>((resolve) => (answer = resolve));
  let signal: AbortSignal | undefined;
  const second = (given: AbortSignal) => {
    signal = given;
    answer('first');
    return never();
  };
  expect(await race(first, second, 0, drop)).toMatchObject({ winner: 'first' });
  expect(signal?.aborted).toBe(true);
});

test('an answer that is not used is dropped', async () => {
  let late: (value: string) => void = () => undefined;
  const first = () => new Promise<string>((resolve) => (late = resolve));
  const dropped: string[] = [];
  await race(
    first,
    async () => 'second',
    0,
    (unused) => dropped.push(unused),
  );
  late('first');
  await vi.waitFor(() => expect(dropped).toEqual(['first']));
});

test('without a wait the second side starts only after a failure', async () => {
  const second = vi.fn(async () => 'second');
  let fail: (error: Error) => void = () => undefined;
  const first = () => new Promise<string>((_, reject) => (fail = reject));
  const end = race(first, second, undefined, drop);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(second).not.toHaveBeenCalled();
  fail(new Error('failed'));
  expect(await end).toMatchObject({ winner: 'second' });
});

test('both errors are there if both fail', async () => {
  const end = await race(fails, fails, 10, drop);
  expect(end).toMatchObject({ winner: undefined, errors: { first: {}, second: {} } });
});
