import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Template } from 'aws-cdk-lib/assertions';
import { synthesised } from './synthesised.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const list = <Value>(value: Value | readonly Value[]): readonly Value[] =>
  Array.isArray(value) ? value : [value as Value];

/** What a role may do, as `action on what`; the names of resources lose their hash. */
function grants(template: Template, role: string): string[] {
  const documents = [
    ...Object.entries(template.findResources('AWS::IAM::Role'))
      .filter(([id]) => id.startsWith(role))
      .flatMap(([, { Properties }]) => Properties.Policies)
      .map(({ PolicyDocument }) => PolicyDocument),
    ...Object.values(template.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(`"${role}`))
      .map(({ Properties }) => Properties.PolicyDocument),
  ];
  const statements: Statement[] = documents.flatMap(({ Statement }) => Statement);
  return statements.flatMap(({ Action, Resource }) =>
    list(Action).flatMap((action) => list(Resource).map((one) => `${action} on ${named(one)}`)),
  );
}

function named(resource: unknown): string {
  const text = JSON.stringify(resource);
  const id = /"Fn::GetAtt":\["([A-Za-z]+)[0-9A-F]{8}"/.exec(text)?.[1];
  const path = /"(\/[^"]*)"\]\]/.exec(text)?.[1] ?? '';
  return id === undefined ? text : `${id}${path}`;
}

const template = synthesised();

const index = [
  'dynamodb:GetItem on Table',
  'dynamodb:BatchGetItem on Table',
  'dynamodb:Query on Table',
  'dynamodb:PutItem on Table',
  'dynamodb:UpdateItem on Table',
  'dynamodb:DeleteItem on Table',
  'dynamodb:BatchWriteItem on Table',
];

test('the puller reads blobs and writes none', () => {
  assert.deepEqual(grants(template, 'PullRole'), [
    'logs:CreateLogStream on PullLogs',
    'logs:PutLogEvents on PullLogs',
    ...index,
    's3:GetObject on Bucket/blobs/*',
    's3:GetObject on Bucket/manifests/*',
    's3:PutObject on Bucket/manifests/*',
    'sqs:SendMessage on Fills',
  ]);
});

test('the filler may do what a fill takes, and nothing besides', () => {
  const objects = (action: string) =>
    ['blobs', 'manifests'].map((one) => `${action} on Bucket/${one}/*`);
  assert.deepEqual(grants(template, 'FillRole'), [
    'logs:CreateLogStream on FillLogs',
    'logs:PutLogEvents on FillLogs',
    ...index,
    ...objects('s3:GetObject'),
    ...objects('s3:PutObject'),
    ...objects('s3:DeleteObject'),
    ...objects('s3:AbortMultipartUpload'),
    ...objects('s3:ListMultipartUploadParts'),
    's3:ListBucket on Bucket',
    's3:ListBucketMultipartUploads on Bucket',
    'sqs:ReceiveMessage on Fills',
    'sqs:DeleteMessage on Fills',
    'sqs:ChangeMessageVisibility on Fills',
    'sqs:GetQueueAttributes on Fills',
    'sqs:SendMessage on Fills',
    'sqs:SendMessage on DeadLetters',
  ]);
});

test('only Lambda takes on the roles, and none has a managed policy', () => {
  const roles = Object.values(template.findResources('AWS::IAM::Role'));
  assert.equal(roles.length, 2);
  for (const { Properties } of roles) {
    assert.equal(Properties.ManagedPolicyArns, undefined);
    const [statement, ...more] = Properties.AssumeRolePolicyDocument.Statement;
    assert.deepEqual(more, []);
    assert.deepEqual(statement.Principal, { Service: 'lambda.amazonaws.com' });
  }
});

test('a secret is read where one is named, by both functions, and its value is nowhere', () => {
  assert.ok(!JSON.stringify(template.toJSON()).includes('secretsmanager'));
  const withHub = synthesised({
    hub: { username: 'me', secret: 'hub' },
    secrets: ['hub', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:quay-a1b2c3'],
  });
  for (const role of ['PullRole', 'FillRole']) {
    const secrets = grants(withHub, role).filter((one) => one.startsWith('secretsmanager'));
    assert.equal(secrets.length, 3);
    for (const grant of secrets) assert.match(grant, /^secretsmanager:GetSecretValue on /);
    assert.match(secrets[0] ?? '', /:secret:hub-\?{6}/);
    assert.match(secrets[1] ?? '', /:secret:quay-a1b2c3"$/);
  }
  withHub.allResourcesProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: {
        PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: 'me',
        PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: 'hub',
      },
    },
  });
});

test('ECR is read where it is configured, by exactly the named repositories and roles', () => {
  assert.ok(
    !/ecr|sts:AssumeRole"[^}]*arn/.test(JSON.stringify(template.findResources('AWS::IAM::Policy'))),
  );
  const team = 'arn:aws:ecr:eu-west-1:123456789012:repository/team/*';
  const role = 'arn:aws:iam::210987654321:role/puller';
  const withEcr = synthesised({ ecr: { repositories: [team], isPublic: false, roles: [role] } });
  const withPublic = synthesised({ ecr: { repositories: [], isPublic: true, roles: [] } });
  for (const of of ['PullRole', 'FillRole']) {
    const added = (changed: Template) => {
      const before = grants(template, of);
      return grants(changed, of).filter((grant) => !before.includes(grant));
    };
    assert.deepEqual(added(withEcr), [
      'ecr:GetAuthorizationToken on "*"',
      `ecr:BatchCheckLayerAvailability on "${team}"`,
      `ecr:BatchGetImage on "${team}"`,
      `ecr:GetDownloadUrlForLayer on "${team}"`,
      `ecr:ListImages on "${team}"`,
      `sts:AssumeRole on "${role}"`,
    ]);
    assert.deepEqual(added(withPublic), [
      'ecr-public:GetAuthorizationToken on "*"',
      'sts:GetServiceBearerToken on "*"',
    ]);
  }
});

/** Whether a pattern of IAM, with `*` for any characters, matches a value. */
function matches(pattern: string, value: string): boolean {
  const literal = pattern.split('*').map((part) => part.replace(/[.#]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`).test(value);
}

test('the puller writes no rows of blobs', () => {
  const [role] = Object.entries(template.findResources('AWS::IAM::Role'))
    .filter(([id]) => id.startsWith('PullRole'))
    .map(([, { Properties }]) => Properties);
  const writes = role.Policies.flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: object[] } }) => PolicyDocument.Statement,
  ).filter(({ Action }: Statement) => list(Action).includes('dynamodb:PutItem'));
  assert.equal(writes.length, 1);
  const [{ Action, Condition }] = writes;
  assert.deepEqual(Action, [
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:BatchWriteItem',
  ]);
  assert.deepEqual(Condition.Null, { 'dynamodb:LeadingKeys': 'false' });
  const patterns: string[] = Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'];
  const mayWrite = (key: string) => patterns.some((pattern) => matches(pattern, key));
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const key of [`blob#${digest}`, 'blobs', 'condemned', 'audit']) {
    assert.ok(!mayWrite(key), key);
  }
  for (const key of [
    'tag#docker.io/library/alpine',
    'tag-state#docker.io/library/alpine',
    `manifest#${digest}`,
    `location#docker.io/library/alpine@${digest}`,
    'lease#manifest:docker.io/library/alpine',
    'pull',
  ]) {
    assert.ok(mayWrite(key), key);
  }
});
