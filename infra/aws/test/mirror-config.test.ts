import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkMirrorConfig } from '../stack/mirror-config.ts';

// Needs dist/pullfront.js: npm run build.

const folder = mkdtempSync(join(tmpdir(), 'pullfront-config-'));
after(() => rmSync(folder, { recursive: true }));

const hub = { username: 'me', secret: 'hub' };

function checked(json: object, account?: typeof hub) {
  const file = join(folder, 'pullfront.json');
  writeFileSync(file, JSON.stringify(json));
  return checkMirrorConfig(file, account);
}

const upstream = (password: object) => ({ credentials: { username: 'me', password } });

test('the file beside the stack has no mistakes', () => {
  const file = fileURLToPath(new URL('../pullfront.json', import.meta.url));
  const answer = checkMirrorConfig(file, undefined);
  assert.ok('resolved' in answer);
  assert.deepEqual(answer.secrets, []);
});

test('every secret that it names is found once', () => {
  const config = {
    upstreams: {
      'ghcr.io': upstream({ secret: 'ghcr' }),
      'quay.io': upstream({ secret: 'hub' }),
    },
  };
  const answer = checked(config, hub);
  assert.ok('secrets' in answer);
  assert.deepEqual(answer.secrets, ['hub', 'ghcr']);
});

test('mistakes are told as the program tells them', () => {
  const answer = checked({ upstreams: { 'ghcr.io': { tagTtl: 'soon' } } });
  assert.ok('problem' in answer);
  assert.match(answer.problem, /ghcr\.io.*tagTtl/);
});

test('an account that opens private repositories needs readers', () => {
  const credentials = { username: 'me', password: { secret: 'ghcr' }, for: 'access' };
  const answer = checked({ upstreams: { 'ghcr.io': { credentials } } });
  assert.ok('problem' in answer);
  assert.match(answer.problem, /ghcr\.io\.credentials\.readers: missing.*"readers": \["office"\]/);
  const readers = { ...credentials, readers: ['anyone'] };
  assert.ok('resolved' in checked({ upstreams: { 'ghcr.io': { credentials: readers } } }));
});

test('a password that a function could not read is refused', () => {
  process.env.A_PASSWORD_OF_A_TEST = 'x';
  const inVariable = checked({
    upstreams: { 'ghcr.io': upstream({ env: 'A_PASSWORD_OF_A_TEST' }) },
  });
  assert.ok('problem' in inVariable);
  const file = join(folder, 'password');
  writeFileSync(file, 'x');
  const inFile = checked({ upstreams: { 'ghcr.io': upstream({ file }) } });
  assert.ok('problem' in inFile);
  assert.match(inFile.problem, /Secrets Manager/);
});

test('the secrets of further accounts are found, and passwords that a function could not read', () => {
  const account = (password: object) => ({ accounts: [{ username: 'me', password }] });
  const answer = checked({ upstreams: { 'ghcr.io': account({ secret: 'ghcr' }) } });
  assert.ok('secrets' in answer);
  assert.deepEqual(answer.secrets, ['ghcr']);
  process.env.A_PASSWORD_OF_A_TEST = 'x';
  const refused = checked({ upstreams: { 'ghcr.io': account({ env: 'A_PASSWORD_OF_A_TEST' }) } });
  assert.ok('problem' in refused);
  assert.match(refused.problem, /accounts\[0\].*Secrets Manager/);
});

test('the repositories and roles of Amazon ECR are those that it names', () => {
  const [one, other] = ['eu-west-1', 'us-gov-west-1'].map(
    (region) => `123456789012.dkr.ecr.${region}.amazonaws.com`,
  );
  const readers = ['office'];
  const role = 'arn:aws:iam::210987654321:role/puller';
  const answer = checked({
    networks: { office: ['203.0.113.0/24'] },
    upstreams: {
      [one ?? '']: {
        url: `https://${one}`,
        credentials: { aws: 'ecr', readers },
        allow: ['team/*', 'base/**'],
      },
      [other ?? '']: {
        url: `https://${other}/v2/hub`,
        accounts: [
          { aws: 'ecr', readers },
          { aws: 'ecr', readers, assumeRole: role },
        ],
      },
      'public.ecr.aws': { credentials: { aws: 'ecr' } },
    },
  });
  assert.ok('ecr' in answer, JSON.stringify(answer));
  assert.deepEqual(answer.ecr, {
    repositories: [
      'arn:aws:ecr:eu-west-1:123456789012:repository/team/*',
      'arn:aws:ecr:eu-west-1:123456789012:repository/base/*',
      'arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/hub/*',
    ],
    isPublic: true,
    roles: [role],
  });
});
