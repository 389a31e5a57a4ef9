import { describe, expect, it } from 'vitest';
import {
  type AnswerTimes,
  deadlineOf,
  isOverdue,
  probeLength,
  seemsSilent,
  usualAfter,
} from '../../../../functions/core/sources/patience.ts';

const unknown: AnswerTimes = {
  usual: undefined,
  answered: undefined,
  silent: undefined,
  waiting: undefined,
};

/** Seconds, as in the table; the request begins at 100 s. */
const s = (seconds: number) => seconds * 1000;
const began = s(100);
const limit = s(15);

type Row = readonly [string, Partial<Record<keyof AnswerTimes, number>>, number];

describe('a request waits for a host', () => {
  it.each<Row>([
    ['that nobody asked before', {}, 15],
    ['that answered long ago', { usual: 0.05, answered: 10 }, 15],
    ['that never answered, while another waits', { waiting: 99.9 }, 1],
    [
      'that answered a moment ago, while another waits',
      { usual: 0.05, answered: 98, waiting: 99 },
      3,
    ],
    ['that answered long ago, while another waits', { usual: 0.05, answered: 50, waiting: 99 }, 1],
    ['that takes 12 s, while another waits', { usual: 12, answered: 50, waiting: 95 }, 14],
    ['that takes 12 s, while another waits longer', { usual: 12, answered: 50, waiting: 80 }, 1],
    ['that takes 2 s, while another waits', { usual: 2, answered: 50, waiting: 99 }, 3],
    ['that was silent just now', { silent: 100 }, 1],
    ['that was silent 9.9 s ago', { silent: 90.1 }, 1],
    ['that was silent 10 s ago', { silent: 90 }, 15],
    ['that turns silent meanwhile', { silent: 104 }, 4],
    ['that turns silent in the first second', { silent: 100.5 }, 1],
    ['whose usual time is known, and that was silent', { usual: 12, answered: 50, silent: 99 }, 1],
    ['whose silence is in the future, for the clock was set back', { silent: 9999 }, 15],
  ])('%s: %o for %s s', (_, known, seconds) => {
    const times: Record<string, number | undefined> = { ...unknown };
    for (const [name, value] of Object.entries(known)) times[name] = s(value);
    const deadline = deadlineOf({ ...unknown, ...times }, began, limit);
    expect(deadline - began).toBe(s(seconds));
  });

  it('never for longer than the limit, however short', () => {
    expect(deadlineOf({ ...unknown, waiting: began }, began, 300)).toBe(began + 300);
    expect(deadlineOf({ ...unknown, silent: began }, began, 300)).toBe(began + 300);
  });
});

describe('a host', () => {
  it('seems silent as soon as an unknown one owes an answer, and is overdue after a second', () => {
    const times = { ...unknown, waiting: began };
    expect([seemsSilent(times, began), isOverdue(times, began + 999)]).toEqual([true, false]);
    expect(isOverdue(times, began + 1_000)).toBe(true);
  });

  it('is overdue for 10 s after a timeout', () => {
    const times = { ...unknown, silent: began };
    const ages = [-1, 0, 9_999, 10_000];
    expect(ages.map((age) => isOverdue(times, began + age))).toEqual([false, true, true, false]);
  });

  it('has the usual time of its slowest answers, less with each faster one', () => {
    expect(usualAfter(undefined, 50)).toBe(50);
    expect(usualAfter(50, 12_000)).toBe(12_000);
    expect(usualAfter(12_000, 50)).toBe(10_800);
  });

  it('is probed for 3.5 s, 7 s, 14 s in turns, but at least for its usual time', () => {
    expect([0, 1, 2, 3].map((times) => probeLength(undefined, times))).toEqual([
      3_500, 7_000, 14_000, 3_500,
    ]);
    expect(probeLength(12_000, 0)).toBe(19_000);
  });
});
