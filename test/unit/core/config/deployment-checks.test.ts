import { expect, test } from 'vitest';
import { deploymentProblems } from '../../../../functions/core/config/deployment-checks.ts';

const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----';

/** The problems of one upstream. */
const found = (store: 'aws' | 'cloudflare', upstream: unknown) =>
  deploymentProblems({ upstreams: { 'ghcr.io': upstream } }, store).map(
    ({ path, message }) => `${path.replace('upstreams.ghcr.io.', '')}: ${message}`,
  );

test('functions have no files and run no programs', () => {
  const accounts = [{ helper: 'pass' }, { dockerConfig: '/x' }, { aws: 'ecr' }];
  const credentials = { username: 'me', password: { file: '/x' } };
  expect(found('aws', { credentials, accounts, ca: '/ca.pem' })).toEqual([
    'accounts[0].helper: functions run no credential helper',
    'accounts[1].dockerConfig: functions have no files',
    'ca: functions have no files; write the PEM text itself',
  ]);
});

test('a Worker has none either, no role on AWS, and no authorities', () => {
  const accounts = [{ helper: 'pass' }, { dockerConfig: '/x' }, { aws: 'ecr' }];
  const credentials = { username: 'me', password: { file: '/x' } };
  expect(found('cloudflare', { credentials, accounts, ca: pem })).toEqual([
    'credentials.password: a Worker has no files; use {"env": "NAME"} with the name of its secret',
    'accounts[0].helper: a Worker runs no credential helper',
    'accounts[1].dockerConfig: a Worker has no files',
    'accounts[2].aws: a Worker has no role on AWS; use a username and a password',
    'ca: a Worker trusts only public authorities',
  ]);
});

test('what both can do', () => {
  const credentials = { username: 'me', password: { env: 'X' } };
  expect(found('cloudflare', { credentials })).toEqual([]);
  expect(found('aws', { credentials, ca: pem })).toEqual([]);
  expect(found('aws', { ca: 5 })).toEqual([]);
});

test.each([[undefined], [null], ['text'], [{ upstreams: null }], [{ upstreams: 'text' }]])(
  '%j has no upstreams',
  (json) => {
    expect(deploymentProblems(json, 'aws')).toEqual([]);
  },
);
