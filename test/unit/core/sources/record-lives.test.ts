import { expect, test } from 'vitest';
import { recordLives } from '../../../../functions/core/sources/record-lives.ts';

const day = 86_400_000;
const policy = { maxStale: 30 * day, onDeleted: 'refuse', immutableTags: [/^v\d/] } as const;
const lives = recordLives(
  new Map([
    ['docker.io', { ...policy, onDeleted: { keepFor: 180 * day, minimumAge: 7 * day } }],
    ['slow.test', { ...policy, maxStale: 1000 * day }],
    ['kept.test', { ...policy, onDeleted: { keepFor: 2000 * day, minimumAge: 0 } }],
  ]),
);

test.each([
  ['docker.io', 365, 180],
  ['slow.test', 1000, 1000],
  ['kept.test', 2000, 2000],
  ['not-configured.test', 365, 30],
])('records of %s outlive what its policy serves from them', (registry, tagDays, listDays) => {
  expect(lives.ofTag(registry, '1')).toBeGreaterThan(tagDays * day);
  expect(lives.ofTag(registry, '1')).toBeLessThan((tagDays + 60) * day);
  expect(lives.ofList(registry)).toBeGreaterThan(listDays * day);
  expect(lives.ofList(registry)).toBeLessThan((listDays + 60) * day);
});

test('a tag that never moves is never checked again, and kept', () => {
  expect(lives.ofTag('docker.io', 'v1')).toBe(Number.POSITIVE_INFINITY);
});
