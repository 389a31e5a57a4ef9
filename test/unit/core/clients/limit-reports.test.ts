import { expect, test } from 'vitest';
import { LimitReports } from '../../../../functions/core/clients/limit-reports.ts';
import { logEvent } from '../../../../functions/core/observe/event-line.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';

function scene() {
  const events: MirrorEvent[] = [];
  const lines: object[] = [];
  const clock = { now: 0 };
  const log = {
    passes: () => true,
    event: (level: string, message: string, fields = {}) => {
      lines.push({ level, message, ...fields });
    },
  };
  const reports = new LimitReports({
    now: () => clock.now,
    observe(event) {
      events.push(event);
      logEvent(log, event);
    },
  });
  return { events, lines, clock, reports };
}

const line = (tier: string, limit: string, requests: number, outcome = 'refused') => ({
  level: outcome === 'refused' ? 'warn' : 'info',
  message: 'client-limited',
  ...{ tier, limit, outcome, requests },
});

test('every request over a limit is an event, and one a minute of each tier is in the log', () => {
  const { events, lines, clock, reports } = scene();
  for (let second = 0; second < 90; second++) {
    clock.now = second * 1000;
    reports.limited('office', second === 60 ? 'largestBlob' : 'pullsPerMinute', 'refused');
    if (second % 45 === 0) reports.limited('anonymous', 'bytesPerMonth', 'warned');
  }
  expect(events).toHaveLength(92);
  expect(lines).toEqual([
    line('office', 'pullsPerMinute', 1),
    line('anonymous', 'bytesPerMonth', 1, 'warned'),
    line('office', 'largestBlob', 60),
  ]);
});

test('a clock that was set back does not silence the log', () => {
  const { lines, clock, reports } = scene();
  clock.now = 3_600_000;
  reports.limited('office', 'pullsPerMinute', 'refused');
  clock.now = 0;
  reports.limited('office', 'pullsPerMinute', 'refused');
  expect(lines).toHaveLength(2);
});
