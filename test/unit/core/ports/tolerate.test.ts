import { expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { attempt, reasonOf, tolerate } from '../../../../functions/core/ports/tolerate.ts';

class Port {
  readonly #result: () => Promise<string>;
  readonly size = 3;
  constructor(result: () => Promise<string>) {
    this.#result = result;
  }
  read(_name: string) {
    return this.#result();
  }
  list() {
    return ['a'];
  }
}

const failing = (error: unknown) => new Port(() => Promise.reject(error));

function scene() {
  const events: MirrorEvent[] = [];
  return { events, observe: (event: MirrorEvent) => void events.push(event) };
}

test('what works is passed on, with private fields', async () => {
  const { events, observe } = scene();
  for (const guarded of [
    tolerate(new Port(async () => 'found'), observe),
    attempt(new Port(async () => 'found'), observe),
  ]) {
    expect(await guarded.read('a')).toBe('found');
    expect(guarded.list()).toEqual(['a']);
    expect(guarded.size).toBe(3);
    expect(guarded.read).toBe(guarded.read);
  }
  expect(events).toEqual([]);
});

test('a failure is reported under the name of its method', async () => {
  const { events, observe } = scene();
  expect(await tolerate(failing(new Error('down')), observe).read('a')).toBeUndefined();
  expect(await attempt(failing('text'), observe).read('a')).toBe('failed');
  expect(events).toEqual([
    { kind: 'store-failed', operation: 'read', reason: 'down' },
    { kind: 'store-failed', operation: 'read', reason: 'text' },
  ]);
});

test('throttling is no failure for who can tell them apart', async () => {
  const { events, observe } = scene();
  expect(await attempt(failing(new StoreBusy('busy')), observe).read('a')).toBe('busy');
  expect(events).toEqual([]);
  expect(await tolerate(failing(new StoreBusy('busy')), observe).read('a')).toBeUndefined();
  expect(events).toHaveLength(1);
});

test('the reason of what was thrown', () => {
  expect(reasonOf(new Error('a'))).toBe('a');
  expect(reasonOf(5)).toBe('5');
});
