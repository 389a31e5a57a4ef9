import { beforeEach, expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import type { SeenRateLimit } from '../../../../../functions/core/ports/ledger.ts';
import { OwnerStates } from '../../../../../functions/core/sources/budget/owner-states.ts';
import { ownerOf } from '../../../../../functions/core/sources/budget/owners.ts';

let now: number;
let written: Omit<SeenRateLimit, 'registry'>[];
let events: MirrorEvent[];

beforeEach(() => {
  now = 1_000_000;
  written = [];
  events = [];
});

function statesOf(account = 'anonymous') {
  const recordRateLimit = async ({ registry, ...row }: SeenRateLimit) => {
    expect(registry).toBe('docker.io');
    // What a report is compared with has a row of its own.
    if (!row.account.startsWith('baseline ')) written.push(row);
  };
  const runtime = {
    now: () => now,
    observe: (event: MirrorEvent) => events.push(event),
    waitUntil: () => undefined,
  };
  const ledger = { recordRateLimit } as unknown as ConstructorParameters<
    typeof OwnerStates
  >[2]['ledger'];
  return new OwnerStates('docker.io', account, { ledger, runtime });
}

const rateOf = (remaining: number, seen = now) => ({
  limit: 100,
  remaining,
  windowSeconds: 60,
  seen,
});
const circuitOf = (life: number, since = now) => ({ since, until: since + life, pause: 60_000 });
const here = ownerOf('anonymous', '192.0.2.1');

test('until an address is named, the owner of the newest news counts', () => {
  const states = statesOf();
  expect(states.owner).toBe('anonymous');
  const { seen: _, ...rate } = rateOf(5);
  states.learn('anonymous 1', { registry: '', account: '', rate, seen: 10 }, undefined);
  states.learn('anonymous 2', { registry: '', account: '', rate, seen: 30 }, undefined);
  states.learn('anonymous 3', { registry: '', account: '', rate, seen: 20 }, undefined);
  expect(states.owner).toBe('anonymous 2');
  const circuit = { limit: 60, remaining: 0, windowSeconds: 60 };
  states.learn('anonymous 3', { registry: '', account: '', rate: circuit, seen: 40 }, 'pulls');
  expect(states.owner).toBe('anonymous 3');
});

test('of owners with news of the same time, the one that was known first counts', () => {
  const states = statesOf();
  const { seen: _, ...rate } = rateOf(5);
  for (const owner of ['anonymous 2', 'anonymous 1']) {
    states.learn(owner, { registry: '', account: '', rate, seen: 30 }, undefined);
  }
  expect(states.owner).toBe('anonymous 2');
});

test('the address that an answer names counts from then on, and only without an account', () => {
  const states = statesOf();
  states.change('192.0.2.1', (state) => ({ ...state, rate: rateOf(5) }));
  expect([states.owner, states.state.rate?.remaining]).toEqual([here, 5]);
  states.change(undefined, (state) => state);
  expect(states.owner).toBe(here);
  const account = statesOf('ci');
  account.change('192.0.2.1', (state) => ({ ...state, rate: rateOf(5) }));
  expect(account.owner).toBe('ci');
  expect(written.map((row) => row.account)).toEqual([here, 'ci']);
});

test('a report is written when it changes', () => {
  const states = statesOf('ci');
  states.change(undefined, (state) => state);
  expect(written).toEqual([]);
  states.change(undefined, (state) => ({ ...state, rate: rateOf(5) }));
  states.change(undefined, (state) => state);
  const rate = { limit: 100, remaining: 5, windowSeconds: 60 };
  expect(written).toEqual([{ account: 'ci', rate, seen: now }]);
});

test('what is kept is not written', () => {
  const states = statesOf('ci');
  states.keep({ circuits: {}, rate: rateOf(7) });
  expect([states.state.rate?.remaining, written]).toEqual([7, []]);
});

test('of two reports of an owner the one that was seen later counts', () => {
  const states = statesOf('ci');
  states.keep({ circuits: {}, rate: rateOf(7, 20) });
  const learn = (remaining: number, seen: number) => {
    const rate = { limit: 100, remaining, windowSeconds: 60 };
    states.learn('ci', { registry: '', account: '', rate, seen }, undefined);
    return states.state.rate?.remaining;
  };
  expect([learn(6, 19), learn(5, 20), learn(4, 21)]).toEqual([7, 7, 4]);
});

test('what a report is compared with is the one that was seen last', () => {
  const states = statesOf('ci');
  const learn = (remaining: number, seen: number) => {
    const rate = { limit: 100, remaining, windowSeconds: 60 };
    states.learn('ci', { registry: '', account: '', rate, seen }, 'baseline');
    return states.state.baseline;
  };
  const first = { seen: 20, remaining: 7 };
  expect([learn(7, 20), learn(6, 20), learn(5, 19)]).toEqual([first, first, first]);
  expect(learn(4, 21)).toEqual({ seen: 21, remaining: 4 });
});

test.each([
  ['pulls', 1000],
  ['requests', undefined],
] as const)('a circuit of %s that another instance opened is open here', (kind, tried) => {
  const states = statesOf('ci');
  const rate = { limit: 60, remaining: 0, windowSeconds: 30 };
  states.learn('ci', { registry: '', account: '', rate, seen: 1000 }, kind);
  expect(states.state.circuits[kind]).toEqual({
    since: 1000,
    until: 31_000,
    pause: 60_000,
    tried,
  });
});

test('a circuit that opens or closes is reported and written', () => {
  const states = statesOf('ci');
  states.change(undefined, () => ({ circuits: { heads: circuitOf(90_000) } }));
  now += 10;
  states.change(undefined, () => ({ circuits: {} }));
  const event = { kind: 'circuit', circuit: 'heads', registry: 'docker.io', account: 'ci' };
  expect(events).toEqual([
    { ...event, isOpen: true },
    { ...event, isOpen: false },
  ]);
  const account = 'heads-circuit ci';
  expect(written).toEqual([
    { account, rate: { limit: 60, remaining: 0, windowSeconds: 90 }, seen: 1_000_000 },
    { account, rate: { limit: 0, remaining: 0, windowSeconds: 0 }, seen: 1_000_010 },
  ]);
});

test('a circuit that closes in the millisecond that it opened counts as the later', () => {
  const states = statesOf('ci');
  states.change(undefined, () => ({ circuits: { heads: circuitOf(90_000) } }));
  states.change(undefined, () => ({ circuits: {} }));
  expect(written[1]?.seen).toBe(now + 1);
});

test('a circuit that is over is neither reported nor written', () => {
  const states = statesOf('ci');
  states.change(undefined, () => ({ circuits: { heads: circuitOf(1, now - 10) } }));
  states.change(undefined, () => ({ circuits: {} }));
  expect([events, written]).toEqual([[], []]);
});

test('a circuit of pulls that stays open is written every 30 s, one of HEADs each time', () => {
  const prolong = (kind: 'pulls' | 'heads') => {
    const states = statesOf('ci');
    written = [];
    for (const pause of [0, 29_999, 1]) {
      now += pause;
      states.change(undefined, () => ({ circuits: { [kind]: circuitOf(90_000) } }));
    }
    return written.length;
  };
  expect([prolong('pulls'), prolong('heads')]).toEqual([2, 3]);
});
