import { describe, expect, test } from 'vitest';
import { accountsOf, signInOf } from '../../../../functions/core/config/accounts.ts';
import { resolveFile } from '../../../../functions/core/config/resolve-file.ts';
import { mistakes, parsed } from './parsing.ts';

const hub = (upstream: object, rest: object = {}) => ({
  upstreams: { 'docker.io': upstream },
  ...rest,
});
const login = { username: 'me', password: { file: '/run/secrets/hub' } };
const office = { networks: { office: ['203.0.113.0/24', '2001:db8::/32'] } };
const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const account = 'upstreams.docker.io.credentials';

describe('mistakes in accounts', () => {
  test.each<[string, unknown, string]>([
    ['without a way to sign in', hub({ credentials: {} }), `${account}: no way to sign in`],
    [
      'with a username only',
      hub({ credentials: { username: 'me' } }),
      `${account}.password: missing; a username needs a password`,
    ],
    [
      'with a password only',
      hub({ credentials: { password: { file: 'x' } } }),
      `${account}.username: missing`,
    ],
    [
      'with two ways',
      hub({ credentials: { ...login, helper: 'pass' } }),
      `${account}: has password and helper; an account signs in in one way`,
    ],
    [
      'with a role that nothing assumes',
      hub({ credentials: { ...login, assumeRole: 'arn:aws:iam::123456789012:role/pull' } }),
      `${account}.assumeRole: needs "aws": "ecr"`,
    ],
    [
      'with Amazon ECR at another registry',
      hub({ credentials: { aws: 'ecr' } }),
      `${account}.aws: needs Amazon ECR`,
    ],
    [
      'with the label of another account',
      hub({ accounts: [login, login].map((one) => ({ ...one, label: 'ci' })) }),
      'upstreams.docker.io.accounts[1].label: another account of this registry has the label "ci"',
    ],
    [
      'with a label that means something else',
      hub({ accounts: [{ ...login, label: 'anonymous' }] }),
      'upstreams.docker.io.accounts[0].label: "anonymous" is reserved',
    ],
    [
      'with an unknown helper name',
      hub({ credentials: { helper: '../bin/sh' } }),
      `${account}.helper: expected the name of a credential helper`,
    ],
    [
      'access without readers',
      hub({ credentials: { ...login, for: 'access' } }),
      `${account}.readers: missing; "for": "access" opens private repositories`,
    ],
    [
      'readers without access',
      hub({ credentials: { ...login, readers: ['anyone'] } }),
      `${account}.readers: have no effect without "for": "access"`,
    ],
    [
      'readers of no network',
      hub({ credentials: { ...login, for: 'access', readers: ['ofice'] } }, office),
      `${account}.readers[0]: no network "ofice"; "networks" has office`,
    ],
    [
      'private ECR without readers',
      { upstreams: { [ecr]: { url: `https://${ecr}`, credentials: { aws: 'ecr' } } } },
      'readers: missing; everything in private ECR needs the account',
    ],
    [
      'private ECR by its URL without readers',
      { upstreams: { 'ecr.example': { url: `https://${ecr}`, credentials: { aws: 'ecr' } } } },
      'upstreams.ecr.example.credentials.readers: missing; everything in private ECR needs the account',
    ],
    [
      'of a list',
      hub({ accounts: [login, { username: 'you' }] }),
      'upstreams.docker.io.accounts[1].password: missing',
    ],
    [
      'an unknown key of a list',
      hub({ accounts: [{ ...login, lable: 'x' }] }),
      'upstreams.docker.io.accounts[0]: unknown key "lable"; did you mean "label"?',
    ],
  ])('%s', (_, json, message) => {
    expect(mistakes(json)).toEqual([expect.stringContaining(message)]);
  });
});

describe('mistakes in networks, clients, alternates and the budget', () => {
  test.each<[string, unknown, string]>([
    [
      'a bad network',
      { networks: { office: ['203.0.113.0/24', '203.0.113.0/33'] } },
      'networks.office[1]: "203.0.113.0/33" is not a network',
    ],
    ['a reserved name', { networks: { anyone: ['203.0.113.0/24'] } }, 'expected a name of a-z'],
    [
      'a bad proxy',
      { trustProxy: ['10.0.0.0/8', '10.0.0.1/99'] },
      'trustProxy[1]: "10.0.0.1/99" is not a network',
    ],
    [
      'trustProxy as true',
      { trustProxy: true },
      'trustProxy: expected false, "cloudfront", or a list',
    ],
    [
      'limits of no network',
      { clients: { ofice: {} }, ...office },
      'clients.ofice: no network "ofice" in "networks"; expected one of office, anonymous',
    ],
    [
      'a limit of zero',
      { clients: { anonymous: { pullsPerMinute: 0 } } },
      'clients.anonymous.pullsPerMinute: expected a whole number from 1, such as 60, got 0',
    ],
    [
      'a reserve above everything',
      { budget: { reserve: '120%' } },
      'budget.reserve: expected a percentage from 0% to 100%',
    ],
    [
      'a reserve as a number',
      { budget: { reserve: 0.2 } },
      'budget.reserve: expected a percentage',
    ],
    [
      'an unknown alternate',
      hub({ alternates: ['mirror.gcr.oi'] }),
      'upstreams.docker.io.alternates[0]: "mirror.gcr.oi" is neither in "upstreams" nor a well-known registry; did you mean "mirror.gcr.io"?',
    ],
    [
      'itself as an alternate',
      hub({ alternates: ['docker.io/library'] }),
      'upstreams.docker.io.alternates[0]: is this upstream itself',
    ],
    [
      'the preset of another registry',
      { upstreams: { 'quay.io': { alternates: 'hub' } } },
      '"hub" names mirrors of docker.io',
    ],
  ])('%s', (_, json, message) => {
    expect(mistakes(json)).toEqual([expect.stringContaining(message)]);
  });
});

test('all of them are reported at once', () => {
  const json = {
    networks: { office: ['nowhere'] },
    ...hub({ credentials: { for: 'access' }, alternates: ['nowhere.example'] }),
  };
  expect(mistakes(json)).toHaveLength(4);
});

test.each([
  ['aws', { helper: 'ecr-login' }, 'functions run no credential helper'],
  ['aws', { dockerConfig: '/root/.docker/config.json' }, 'functions have no files'],
  ['cloudflare', { aws: 'ecr' }, 'a Worker has no role on AWS'],
  ['cloudflare', { ...login }, 'a Worker has no files'],
] as const)('%s cannot sign in with %j', (store, credentials, message) => {
  const file = resolveFile({ upstreams: { 'public.ecr.aws': { accounts: [credentials] } } }, store);
  expect(file).toMatchObject({ problems: [{ message: expect.stringContaining(message) }] });
});

test('what a deployment cannot do is reported together with other mistakes', () => {
  const json = hub({ tagTtl: 'soon', accounts: [{ helper: 'pass' }, { ...login, for: 'access' }] });
  const problemsOn = (store: 'aws' | 'cloudflare') => {
    const file = resolveFile(json, store);
    return 'problems' in file ? file.problems.map(({ path }) => path) : [];
  };
  const mistaken = ['upstreams.docker.io.tagTtl', 'upstreams.docker.io.accounts[1].readers'];
  const helper = 'upstreams.docker.io.accounts[0].helper';
  expect(problemsOn('aws')).toEqual([...mistaken, helper]);
  expect(problemsOn('cloudflare')).toEqual([
    ...mistaken,
    helper,
    'upstreams.docker.io.accounts[1].password',
  ]);
});

test('accounts keep their order, and say how they sign in', () => {
  const { upstreams } = parsed(
    hub({
      credentials: login,
      accounts: [{ helper: 'pass', label: 'ci', repositories: ['acme/**'] }],
    }),
  );
  const upstream = upstreams.get('docker.io');
  if (upstream === undefined) throw new Error('no upstream');
  const accounts = accountsOf(upstream);
  expect(accounts.map(signInOf)).toEqual([
    { kind: 'password', ...login },
    { kind: 'helper', name: 'pass' },
  ]);
  expect(
    accounts.map((one) => one.repositories.some((pattern) => pattern.test('acme/app'))),
  ).toEqual([false, true]);
});

test('"hub" is the preset of two alternates', () => {
  const { upstreams } = parsed(hub({ alternates: 'hub' }));
  expect(upstreams.get('docker.io')?.alternates).toEqual([
    'mirror.gcr.io',
    'public.ecr.aws/docker',
  ]);
});
