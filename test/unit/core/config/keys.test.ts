import { expect, test } from 'vitest';
import { anyEntry, anyName, keys, keysAt } from '../../../../functions/core/config/keys.ts';

const keyOf = (path: string) => keys.find((key) => key.path.join('.') === path);

test('a key has its scalar, its default and its description', () => {
  expect(keyOf('listen')).toMatchObject({ scalar: { kind: 'listen' }, isRequired: false });
  expect(keyOf('log.format')).toMatchObject({ scalar: { kind: 'word' }, defaultValue: 'auto' });
  expect(keyOf('aws.table')).toMatchObject({ isRequired: true, defaultValue: undefined });
  expect(keys.filter(({ description }) => description === '')).toEqual([]);
  expect(keyOf('$schema')).toBeUndefined();
});

test('what no variable can set has no scalar', () => {
  const accounts = keyOf(`upstreams.${anyName}.accounts`);
  expect(accounts).toBeDefined();
  expect(accounts?.scalar).toBeUndefined();
  const inEntries = keys.filter(({ path }) => path.includes(anyEntry));
  expect(inEntries.length).toBeGreaterThan(0);
  expect(inEntries.filter(({ scalar }) => scalar !== undefined)).toEqual([]);
  expect(keyOf(`upstreams.${anyName}.url`)?.scalar).toMatchObject({ kind: 'registry-url' });
});

test('the names of the keys at a path', () => {
  expect(keysAt([])).toContain('listen');
  expect(keysAt([])).toContain('upstreams');
  expect(keysAt(['tls'])).toEqual(['cert', 'key']);
  expect(keysAt(['upstreams', 'ghcr.io'])).toContain('allow');
  expect(keysAt(['upstreams', 'ghcr.io', 'accounts', 0])).toContain('helper');
  expect(keysAt(['upstreams', 'ghcr.io', 'accounts', 'name'])).toEqual([]);
  expect(keysAt(['upstreams', 5])).toEqual([]);
  expect(keysAt(['none'])).toEqual([]);
});
