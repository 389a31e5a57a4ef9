import { Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';

/** `localLogs` are the ARNs of the groups that Lambda creates with the pull function's role. */
export interface AcknowledgedRoles {
  readonly pull: Role;
  readonly fill: Role;
  readonly localLogs: readonly string[];
}

/** Acknowledges intended findings of cdk-nag's AwsSolutions rules, with reasons. */
export function acknowledgeFindings(
  bucket: Bucket,
  { pull, fill, localLogs }: AcknowledgedRoles,
): void {
  const stack = Stack.of(bucket);
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Server access logs would record the address of every client. The mirror logs its requests; turn on CloudTrail data events if you need more.',
  });
  const id = stack.getLogicalId(bucket.node.defaultChild as CfnBucket);
  for (const role of [pull, fill]) {
    for (const prefix of ['blobs', 'manifests']) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${id}.Arn>/${prefix}/*]`,
        reason: 'Objects are named by their digests, so only the prefix is known in advance.',
      });
    }
  }
  for (const arn of localLogs) {
    Validations.of(pull).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${nagArn(stack, arn)}]`,
      reason:
        'Lambda creates this group in each region and writes its streams with the role of the web function. The wildcard matches its streams.',
    });
  }
  acknowledgeCodeCopy(stack);
}

/** An ARN in cdk-nag's format: `arn:<AWS::Partition>:…`. */
function nagArn(stack: Stack, arn: string): string {
  const resolved: { 'Fn::Join': [string, (string | { Ref: string })[]] } = stack.resolve(arn);
  return resolved['Fn::Join'][1]
    .map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`))
    .join('');
}

/** CDK adds a bucket for the web function's code, and a function that copies it there. */
function acknowledgeCodeCopy(stack: Stack): void {
  const bucket = stack.node.tryFindChild('AWSCDKWebFunctionAssetBucket');
  const copy = stack.node.children.find(({ node }) => node.id.startsWith('Custom::S3ObjectCopy'));
  if (bucket === undefined || copy === undefined) return;
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'Only Lambda reads this bucket, which only has the code.',
  });
  const id = stack.getLogicalId((bucket as Bucket).node.defaultChild as CfnBucket);
  const staged = 'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*';
  const basic = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
  for (const finding of [
    `IAM4[Policy::${basic}]`,
    `IAM5[Resource::${staged}]`,
    `IAM5[Resource::<${id}.Arn>/web-function/*]`,
    'IAM5[Action::s3:Abort*]',
    'IAM5[Action::s3:DeleteObject*]',
  ]) {
    Validations.of(copy).acknowledge({
      id: `AwsSolutions-${finding}`,
      reason: "CDK's own function, which copies the code during a deployment.",
    });
  }
}
