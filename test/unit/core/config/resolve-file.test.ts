import { expect, test } from 'vitest';
import { resolveFile } from '../../../../functions/core/config/resolve-file.ts';

function resolved(json: object, store: 'aws' | 'cloudflare' = 'aws') {
  const result = resolveFile(json, store);
  if ('problems' in result) throw new Error(result.problems.map(({ message }) => message).join());
  return result;
}

/** What a variable may be set to. */
function scalarOf(json: object, name: string, store: 'aws' | 'cloudflare' = 'aws') {
  const { variables, scalars } = resolved(json, store).ok;
  const [index, ...path] = variables[name] ?? [];
  return index === undefined ? undefined : { path, scalar: scalars[Number(index)] };
}

test('what the stack sets by variables is required of them', () => {
  const { ok, config } = resolved({});
  expect(config.store).toBe('aws');
  expect([...ok.required].sort()).toEqual([
    'PULLFRONT_AWS_BUCKET',
    'PULLFRONT_AWS_QUEUE',
    'PULLFRONT_AWS_TABLE',
  ]);
  expect(resolved({ aws: { table: 't' } }).ok.required).not.toContain('PULLFRONT_AWS_TABLE');
  expect(resolved({}, 'cloudflare').ok.required).toEqual([]);
});

test('the store and the upstreams are those of the file', () => {
  expect(scalarOf({}, 'PULLFRONT_STORE')?.scalar).toMatchObject({ words: ['aws'] });
  const upstreams = { 'ghcr.io': {} };
  expect(scalarOf({ upstreams }, 'PULLFRONT_DEFAULT_UPSTREAM')?.scalar).toMatchObject({
    words: expect.arrayContaining(['ghcr.io']),
  });
  expect(scalarOf({}, 'PULLFRONT_AWS_TABLE', 'cloudflare')).toBeUndefined();
});

test('each scalar is kept once', () => {
  const { scalars } = resolved({}).ok;
  expect(new Set(scalars.map((one) => JSON.stringify(one))).size).toBe(scalars.length);
});

test('a Worker reads passwords from its secrets only', () => {
  const credentials = { username: 'me', password: { env: 'X' } };
  const json = { upstreams: { 'ghcr.io': { credentials } } };
  const name = (key: string) => `PULLFRONT_UPSTREAMS_GHCR_IO_CREDENTIALS_PASSWORD_${key}`;
  expect(scalarOf(json, name('ENV'), 'cloudflare')).toBeDefined();
  expect(scalarOf(json, name('FILE'), 'cloudflare')).toBeUndefined();
  expect(scalarOf(json, name('FILE'), 'aws')).toBeDefined();
});

test('a password that is a variable need not be set yet', () => {
  const account = { username: 'me', password: { env: 'NOT_SET_HERE' } };
  resolved({ upstreams: { 'ghcr.io': { credentials: account, accounts: [account] } } });
});

test('all mistakes are reported together, each place once', () => {
  const result = resolveFile(
    {
      limits: { maxBlobBytes: 'much' },
      upstreams: { 'ghcr.io': { credentials: { helper: 'pass' } } },
    },
    'cloudflare',
    [{ path: 'twice', message: 'is there twice' }],
  );
  const paths = 'problems' in result ? result.problems.map(({ path }) => path) : [];
  expect(paths).toEqual(['twice', 'limits.maxBlobBytes', 'upstreams.ghcr.io.credentials.helper']);
  expect(new Set(paths).size).toBe(paths.length);
});

test('what the store cannot do is a mistake on its own', () => {
  const result = resolveFile(
    { upstreams: { 'ghcr.io': { credentials: { helper: 'pass' } } } },
    'aws',
  );
  expect(result).toMatchObject({ problems: [{ path: 'upstreams.ghcr.io.credentials.helper' }] });
});
