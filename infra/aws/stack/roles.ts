import type { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { pullPartitions } from '../../../functions/aws/dynamodb/item-keys.ts';
import type { Data } from './data.ts';
import type { FillQueues } from './fill-queues.ts';
import type { PullLogs } from './logs.ts';

/** All that the index needs: no Scan, and no changes to the table itself. */
const readActions = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const writeActions = [
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
];

export interface Subjects {
  readonly data: Data;
  readonly queues: FillQueues;
}

function role(
  stack: Stack,
  id: string,
  { group, localArns }: Pick<PullLogs, 'group' | 'localArns'>,
  statements: Readonly<Record<string, PolicyStatement>>,
): Role {
  const document = new PolicyDocument();
  document.addStatements(
    new PolicyStatement({
      sid: 'Logs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [group.logGroupArn],
    }),
  );
  if (localArns.length > 0) {
    document.addStatements(
      new PolicyStatement({
        sid: 'LocalLogs',
        actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [...localArns],
      }),
    );
  }
  for (const [sid, statement] of Object.entries(statements)) {
    statement.sid = sid;
    document.addStatements(statement);
  }
  return new Role(stack, id, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Work: document },
  });
}

const allow = (actions: string[], ...resources: string[]) =>
  new PolicyStatement({ actions, resources });

/** Writes of the items whose partition keys match these patterns. */
function allowPartitions(patterns: readonly string[], tableArn: string): PolicyStatement {
  return new PolicyStatement({
    actions: writeActions,
    resources: [tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...patterns] },
      // Without keys, "for all values" holds as well.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
}

/**
 * The role of the function that answers clients. It signs URLs of blobs but can write neither them nor
 * their rows of the index: PutObject is for manifests that are too large for the table. An attacker with
 * this role cannot change what is stored, nor what counts as stored, but can write tags, and where
 * clients are redirected for blobs that are not stored, until these rows expire.
 */
export function addPullRole(stack: Stack, logs: PullLogs, { data, queues }: Subjects): Role {
  const { table, bucket } = data;
  return role(stack, 'PullRole', logs, {
    ReadIndex: allow(readActions, table.tableArn),
    WriteIndex: allowPartitions(pullPartitions, table.tableArn),
    ReadObjects: allow(
      ['s3:GetObject'],
      bucket.arnForObjects('blobs/*'),
      bucket.arnForObjects('manifests/*'),
    ),
    KeepLargeManifests: allow(['s3:PutObject'], bucket.arnForObjects('manifests/*')),
    QueueFills: allow(['sqs:SendMessage'], queues.queue.queueArn),
  });
}

/** The role of the fill function, which writes and evicts blobs and handles the queue. */
export function addFillRole(stack: Stack, group: LogGroup, { data, queues }: Subjects): Role {
  const { table, bucket } = data;
  return role(
    stack,
    'FillRole',
    { group, localArns: [] },
    {
      Index: allow([...readActions, ...writeActions], table.tableArn),
      Objects: allow(
        [
          's3:GetObject',
          's3:PutObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        bucket.arnForObjects('blobs/*'),
        bucket.arnForObjects('manifests/*'),
      ),
      ListObjects: allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn),
      TakeFills: allow(
        [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:GetQueueAttributes',
          // A paused fill and the fills of further blobs are queued again.
          'sqs:SendMessage',
        ],
        queues.queue.queueArn,
      ),
      GiveUpFills: allow(['sqs:SendMessage'], queues.deadLetters.queueArn),
    },
  );
}
