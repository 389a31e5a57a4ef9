import { expect, test } from 'vitest';
import { crossChecks, passwordVariables } from '../../../../functions/core/config/cross-checks.ts';
import { Overlay } from '../../../../functions/core/config/overlay.ts';

function found(json: object, defaultUpstream: unknown = 'docker.io', environment = {}): string[] {
  return crossChecks(new Overlay(json), defaultUpstream, environment).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

const upstream = (name: string, value: object) => found({ upstreams: { [name]: value } });

test.each([
  ['docker.io', []],
  [
    'other.example',
    ['defaultUpstream: "other.example" is neither in "upstreams" nor a well-known registry'],
  ],
  ['mine.example', []],
  ['Not A Name', []],
  ['index.docker.io', []],
  [5, []],
])('the default upstream %s', (name, reports) => {
  const upstreams = { 'mine.example': { url: 'https://mine.example' } };
  expect(found({ upstreams }, name)).toEqual(reports);
});

test('a registry that is not well known needs a URL', () => {
  expect(upstream('mine.example', {})).toEqual([
    'upstreams.mine.example.url: missing; "mine.example" is not a well-known registry; expected its URL such as "https://mine.example"',
  ]);
  expect(upstream('ghcr.oi', {})).toEqual([
    'upstreams.ghcr.oi.url: missing; "ghcr.oi" is not a well-known registry; did you mean "ghcr.io"?',
  ]);
  expect(upstream('ghcr.io', {})).toEqual([]);
});

test('the store aws needs its section', () => {
  expect(found({ store: 'aws' })).toEqual([
    expect.stringMatching(/^aws: missing; .*PULLFRONT_AWS_QUEUE/),
  ]);
  expect(found({ store: 'aws', aws: {} })).toEqual([]);
  expect(found({ store: 'memory' })).toEqual([]);
});

test('secrets are for AWS', () => {
  const credentials = { username: 'me', password: { secret: 'arn' } };
  const json = { upstreams: { 'ghcr.io': { credentials } } };
  expect(found(json)).toEqual([
    'upstreams.ghcr.io.credentials.password.secret: secrets need "store": "aws"; use {"env": "NAME"} or {"file": "PATH"}',
  ]);
  expect(found({ ...json, store: 'aws', aws: {} })).toEqual([]);
});

test('patterns leave out the registry', () => {
  const allow = ['library/**', 'ghcr.io/a/**', 'ghcr.iox/a', 5];
  expect(upstream('ghcr.io', { allow, deny: ['ghcr.io/b'] })).toEqual([
    'upstreams.ghcr.io.allow.1: leave out the registry: "a/**"',
    'upstreams.ghcr.io.deny.0: leave out the registry: "b"',
  ]);
  expect(upstream('ghcr.io', { allow: 'ghcr.io/a' })).toEqual([]);
});

test('an alternate is another registry whose URL is known', () => {
  const alternates = ['quay.io', 'public.ecr.aws/docker', 'ghcr.io/a', 'quai.io', 'x.example/a', 5];
  expect(upstream('ghcr.io', { alternates })).toEqual([
    'upstreams.ghcr.io.alternates.2: is this upstream itself; name another registry, such as "mirror.gcr.io"',
    'upstreams.ghcr.io.alternates.3: "quai.io" is neither in "upstreams" nor a well-known registry; did you mean "quay.io"?',
    'upstreams.ghcr.io.alternates.4: "x.example" is neither in "upstreams" nor a well-known registry; add it to "upstreams"',
  ]);
});

test('"hub" is for Docker Hub', () => {
  expect(upstream('docker.io', { alternates: 'hub' })).toEqual([]);
  expect(upstream('ghcr.io', { alternates: 'hub' })).toEqual([
    'upstreams.ghcr.io.alternates: "hub" names mirrors of docker.io; list the registries that mirror this one',
  ]);
  expect(upstream('ghcr.io', { alternates: 'other' })).toEqual([]);
});

test('the variables of passwords must be set', () => {
  const account = (env: unknown) => ({ username: 'me', password: { env } });
  const accounts = [account('B'), account(5)];
  const json = { upstreams: { 'ghcr.io': { credentials: account('A'), accounts } } };
  const places = ['credentials', 'accounts.0'].map(
    (place) => `upstreams.ghcr.io.${place}.password.env`,
  );
  expect(passwordVariables(new Overlay(json)).map(({ variable }) => variable)).toEqual(['A', 'B']);
  expect(found(json, 'docker.io', { A: 'a', B: 'b' })).toEqual([]);
  const missing = found(json, 'docker.io', { A: '', C: 'c' });
  expect(missing.map((text) => text.split(':')[0])).toEqual(places);
});
