import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configReference } from '../../../../functions/core/config/key-reference.ts';
import { keys } from '../../../../functions/core/config/keys.ts';

test('the published reference is current: else run npm run schema', async () => {
  const file = new URL('../../../../infra/docs/configuration.md', import.meta.url);
  expect(await readFile(file, 'utf8')).toBe(configReference());
});

test('every key says what it is for', () => {
  expect(keys.length).toBeGreaterThan(35);
  expect(keys.filter(({ description }) => description === '')).toEqual([]);
});
