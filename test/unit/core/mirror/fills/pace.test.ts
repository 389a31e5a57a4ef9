import { describe, expect, it } from 'vitest';
import { Pace, TooSlow } from '../../../../../functions/core/mirror/fills/pace.ts';

const kibibyte = 1024;

/** A pace, and a clock in hand. */
function open() {
  let now = Date.UTC(2026, 0, 1);
  const pace = new Pace(() => now);
  return {
    pace,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    /** Bytes that are waited for so long. */
    read(bytes: number, milliseconds: number, left?: number) {
      pace.waiting();
      now += milliseconds;
      pace.waited();
      pace.arrived(bytes, left);
    },
  };
}

describe('the pace of a fill', () => {
  it('is at least 64 KiB in 30 s', () => {
    const { read } = open();
    for (let round = 0; round < 1000; round++) read(2.2 * kibibyte, 1000, 1e9);
    const slow = () => {
      for (let round = 0; round < 60; round++) read(2.1 * kibibyte, 1000, 1e9);
    };
    expect(slow).toThrow(TooSlow);
  });

  it('is not met by a byte now and then, however many arrived before', () => {
    const { read } = open();
    read(1e9, 1000, 1e9);
    for (let round = 0; round < 29; round++) read(1, 1000, 1e9);
    expect(() => read(1, 1000, 1e9)).toThrow(TooSlow);
  });

  it('does not count time in which no read waits', () => {
    const { read, pass } = open();
    for (let round = 0; round < 100; round++) {
      read(1, 100, 1e9);
      pass(60_000);
    }
    expect(() => {
      for (let round = 0; round < 200; round++) read(1, 100, 1e9);
    }).toThrow(TooSlow);
  });

  it('allows more time for the last bytes, and for a small blob', () => {
    const { read } = open();
    read(1e6, 1000, 60 * kibibyte);
    for (let left = 60 * kibibyte - 1; left > 60 * kibibyte - 119; left--) read(1, 1000, left);
    expect(() => read(1, 2000, 59 * kibibyte)).toThrow(TooSlow);
    const last = open();
    last.read(10, 119_000, 10);
    // It is there: nothing is gained by giving it up.
    last.read(10, 60_000, 0);
  });

  it('is measured over all slices', () => {
    const { pace, pass } = open();
    for (let slice = 0; slice < 4; slice++) pace.waiting();
    for (let round = 0; round < 400; round++) {
      pass(250);
      pace.waited();
      pace.arrived(kibibyte, 1e6);
      pace.waiting();
    }
    for (let round = 0; round < 3; round++) {
      pass(10_000);
      pace.waited();
      if (round < 2) pace.arrived(1, 1e6);
    }
    expect(() => pace.arrived(1, 1e6)).toThrow(TooSlow);
  });

  it('starts over after a resumed break, and when the clock was set back', () => {
    const { read, pace, pass } = open();
    read(1, 29_000, 1e9);
    pace.reopened();
    read(1, 29_000, 1e9);
    read(1, -3_600_000, 1e9);
    pass(3_600_000);
    expect(() => read(1, 2000, 1e9)).toThrow(TooSlow);
  });
});
