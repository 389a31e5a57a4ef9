import { beforeEach, expect, test } from 'vitest';
import { type Outage, Outages } from '../../../../functions/aws/sdk/outage.ts';

let now: number;
let outages: Outages;
let outage: Outage;

beforeEach(() => {
  now = 10_000;
  outages = new Outages(() => now);
  outage = outages.add();
});

test('the first failed read finds a service down', () => {
  expect([outage.isDown, outage.isResting, outages.isAnyDown]).toEqual([false, false, false]);
  outage.begin('read').failed();
  expect([outage.isDown, outage.isResting, outages.isAnyDown]).toEqual([true, true, true]);
});

test('the third failed write in a row finds it down', () => {
  outage.begin('write').failed();
  outage.begin('write').failed();
  expect(outage.isDown).toBe(false);
  outage.begin('write').failed();
  expect(outage.isDown).toBe(true);
});

test('an answer between them begins the count again', () => {
  outage.begin('write').failed();
  outage.begin('write').failed();
  outage.begin('write').answered();
  outage.begin('write').failed();
  outage.begin('write').failed();
  expect(outage.isDown).toBe(false);
});

test('a failure counts for nothing if the service answered others meanwhile', () => {
  const slow = outage.begin('read');
  outage.begin('read').answered();
  slow.failed();
  expect(outage.isDown).toBe(false);
});

test('an answer ends an outage', () => {
  outage.begin('read').failed();
  outage.begin('read').answered();
  expect([outage.isDown, outage.isResting]).toEqual([false, false]);
});

test('one call in two seconds probes a service that is down', () => {
  outage.begin('read').failed();
  now += 1999;
  expect(outage.isResting).toBe(true);
  now += 1;
  expect([outage.isResting, outage.isResting]).toEqual([false, true]);
  now += 2000;
  expect(outage.isResting).toBe(false);
});

test('a failed probe begins the rest again, of a write as well', () => {
  outage.begin('read').failed();
  now += 2000;
  expect(outage.isResting).toBe(false);
  now += 1500;
  outage.begin('write').answered();
  outage.begin('read').failed();
  now += 1999;
  expect(outage.isResting).toBe(true);
  now += 1;
  outage.begin('write').failed();
  now += 1999;
  expect(outage.isResting).toBe(true);
});

test('a clock that was set back does not prolong a rest', () => {
  outage.begin('read').failed();
  now -= 1;
  expect(outage.isResting).toBe(false);
});

test('any of the services may be down', () => {
  const other = outages.add();
  other.begin('read').failed();
  expect([outage.isDown, outages.isAnyDown]).toEqual([false, true]);
});
