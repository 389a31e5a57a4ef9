import { expect, test } from 'vitest';
import type { CircuitKind } from '../../../../../functions/core/ports/ledger.ts';
import type { Circuit } from '../../../../../functions/core/sources/budget/circuits.ts';
import { limitError } from '../../../../../functions/core/sources/budget/limit-error.ts';

const now = 10_000_000;

function errorOf(kind: CircuitKind, circuit?: Circuit) {
  const circuits = circuit === undefined ? {} : { [kind]: circuit };
  const { message, retryAfter, limit, isUnsent } = limitError('docker.io', kind, { circuits }, now);
  return [message, retryAfter, limit, isUnsent];
}

test.each<[CircuitKind, string, string, number]>([
  ['pulls', 'pulls', 'no pull is left of its limit', 30],
  ['heads', 'pulls', 'too many requests; the mirror tries again in 30 s', 30],
  ['requests', 'pulls', 'too many requests; it asked to wait 90 s more', 90],
  ['abuse', 'abuse', 'too many requests; it asked to wait 90 s more', 90],
])('a circuit of %s says when a request may succeed', (kind, limit, text, seconds) => {
  const circuit = { since: now - 60_000, until: now + 90_000, pause: 60_000, tried: now - 30_000 };
  expect(errorOf(kind, circuit)).toEqual([`docker.io: ${text}`, seconds, limit, true]);
});

test.each([
  ['it ends before it is tried', { until: now + 5000, tried: now, pause: 60_000 }, 5],
  ['it was never tried', { until: now + 90_000, tried: undefined, pause: 70_000 }, 10],
  ['a part of a second is left', { until: now + 1001, tried: now, pause: 60_000 }, 2],
  ['its time is over', { until: now - 5000, tried: now, pause: 60_000 }, 1],
])('a client waits until the circuit is tried or ends: %s', (_, circuit, seconds) => {
  expect(errorOf('pulls', { since: now - 60_000, ...circuit })[1]).toBe(seconds);
});

test('without a circuit a client waits for a second', () => {
  expect(errorOf('requests')[1]).toBe(1);
});
