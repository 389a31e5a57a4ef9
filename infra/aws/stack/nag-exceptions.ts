import { Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';

/** The roles, and the ARNs of the groups that the pull function's logs are written to first. */
export interface AcknowledgedRoles {
  readonly pull: Role;
  readonly fill: Role;
  readonly localLogs: readonly string[];
}

/** Accepts the findings of cdk-nag's AwsSolutions rules that are meant to be, with their reasons. */
export function acknowledgeFindings(
  bucket: Bucket,
  { pull, fill, localLogs }: AcknowledgedRoles,
): void {
  const stack = Stack.of(bucket);
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Server access logs would keep the address of everybody who pulls. The mirror logs its requests; who needs more turns on data events in CloudTrail.',
  });
  const id = stack.getLogicalId(bucket.node.defaultChild as CfnBucket);
  for (const role of [pull, fill]) {
    for (const prefix of ['blobs', 'manifests']) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${id}.Arn>/${prefix}/*]`,
        reason: 'Objects are named by their digests: the prefix is all that is known beforehand.',
      });
    }
  }
  for (const arn of localLogs) {
    Validations.of(pull).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${found(stack, arn)}]`,
      reason:
        'Lambda makes this group in each region and writes its streams as the role of the web function. It belongs to the mirror alone; the sign stands for its streams.',
    });
  }
  acknowledgeCodeCopy(stack);
}

/** An ARN as cdk-nag writes it: `arn:<AWS::Partition>:…`. */
function found(stack: Stack, arn: string): string {
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
    reason: 'Only Lambda reads this bucket, and it holds nothing but the code.',
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
      reason: "CDK's own function. It runs during a deployment only, and copies the code.",
    });
  }
}
