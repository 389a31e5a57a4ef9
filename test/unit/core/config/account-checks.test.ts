import { expect, test } from 'vitest';
import {
  accountPaths,
  checkAccount,
  checkLabels,
} from '../../../../functions/core/config/account-checks.ts';

const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** The mistakes in one account. */
function found(account: unknown, { registry = 'ghcr.io', url = '', networks = ['office'] } = {}) {
  const json = { upstreams: { [registry]: { ...(url && { url }), credentials: account } } };
  const path = ['upstreams', registry, 'credentials'];
  const reports: string[] = [];
  checkAccount(json, path, registry, networks, (place, message) =>
    reports.push(`${place.slice(2).join('.')}: ${message}`),
  );
  return reports;
}

const login = { username: 'me', password: { env: 'X' } };

test('the accounts of an upstream are its credentials and those of its list', () => {
  const paths = (upstream: object) => accountPaths({ upstreams: { a: upstream } }, 'a');
  expect(paths({})).toEqual([]);
  expect(paths({ credentials: {} })).toEqual([['upstreams', 'a', 'credentials']]);
  expect(paths({ credentials: {}, accounts: [{}, {}] })).toEqual([
    ['upstreams', 'a', 'credentials'],
    ['upstreams', 'a', 'accounts', 0],
    ['upstreams', 'a', 'accounts', 1],
  ]);
  expect(paths({ accounts: 'text' })).toEqual([]);
});

test.each<[string, unknown, readonly string[]]>([
  ['a password', login, []],
  ['a helper', { helper: 'pass' }, []],
  ['what is no account', 'text', []],
  ['a list', [], []],
  ['null', null, []],
  [
    'no way to sign in',
    {},
    ['credentials: no way to sign in; expected username and password, aws, helper or dockerConfig'],
  ],
  [
    'two ways',
    { ...login, helper: 'pass' },
    ['credentials: has password and helper; an account signs in in one way'],
  ],
  [
    'no password',
    { username: 'me' },
    ['credentials.password: missing; a username needs a password'],
  ],
  [
    'no username',
    { password: { env: 'X' } },
    ['credentials.username: missing; a password needs a username'],
  ],
  [
    'a role without AWS',
    { helper: 'pass', assumeRole: 'arn' },
    ['credentials.assumeRole: needs "aws": "ecr"'],
  ],
])('%s', (_, account, reports) => {
  expect(found(account)).toEqual(reports);
});

test.each([
  ['ghcr.io', '', false],
  ['public.ecr.aws', '', true],
  ['ghcr.io', 'https://public.ecr.aws/x', true],
  ['ghcr.io', 'https://ghcr.io:5000', false],
])('AWS signs in at ECR only: %s, %s', (registry, url, isEcr) => {
  const reports = found({ aws: 'ecr' }, { registry, url });
  expect(reports).toEqual(
    isEcr ? [] : [expect.stringMatching(/^credentials\.aws: needs Amazon ECR/)],
  );
});

test('a role is for ECR', () => {
  const account = { aws: 'ecr', assumeRole: 'arn', readers: ['office'] };
  expect(found(account, { registry: ecr })).toEqual([]);
});

test('access, and all of private ECR, needs readers; others have none', () => {
  const readers = /^credentials\.readers: /;
  expect(found({ ...login, for: 'access' })).toEqual([expect.stringMatching(readers)]);
  expect(found({ ...login, for: 'access', readers: [] })).toHaveLength(1);
  expect(found({ ...login, for: 'access', readers: ['anyone'] })).toEqual([]);
  expect(found({ aws: 'ecr' }, { registry: ecr })).toEqual([expect.stringMatching(readers)]);
  expect(found({ aws: 'ecr' }, { registry: ecr })).not.toEqual(found({ ...login, for: 'access' }));
  expect(found({ ...login, readers: ['office'] })).toEqual([
    'credentials.readers: have no effect without "for": "access"',
  ]);
  expect(found({ ...login, for: 'access', readers: 'text' })).toEqual([]);
});

test('readers are networks that are defined', () => {
  const account = { ...login, for: 'access', readers: ['office', 'anyone', 'home', 5] };
  expect(found(account)).toEqual([
    'credentials.readers.2: no network "home"; "networks" has office',
  ]);
  expect(found({ ...account, readers: ['home'] }, { networks: [] })).toEqual([
    'credentials.readers.0: no network "home"; there is no "networks"',
  ]);
});

test('labels are unique, and not those that the mirror gives itself', () => {
  const labels = ['a', 'b', 'a', 'anonymous', 'retry-after', 'account-1', 'account-x', 5];
  const accounts = labels.map((label) => ({ label }));
  const json = { upstreams: { 'ghcr.io': { accounts } } };
  const reports: string[] = [];
  checkLabels(json, accountPaths(json, 'ghcr.io'), (path, message) =>
    reports.push(`${String(path[3])}: ${message}`),
  );
  expect(reports).toEqual([
    '2: another account of this registry has the label "a"',
    '3: "anonymous" is reserved; choose another label',
    '4: "retry-after" is reserved; choose another label',
    '5: "account-1" is reserved; choose another label',
  ]);
});
