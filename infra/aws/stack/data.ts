import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';

/** Where everything is kept. */
export interface Data {
  readonly table: Table;
  readonly bucket: Bucket;
}

/**
 * The table of the index and the bucket of the blobs. Both stay when the stack is deleted, unless
 * `remove`. CloudFormation names the bucket after the stack and itself, so its name has no dot: a
 * dot would leave its host name without a valid certificate.
 */
export function addData(stack: Stack, remove: boolean): Data {
  const removalPolicy = remove ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'ttl',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: !remove,
    removalPolicy,
  });
  const bucket = new Bucket(stack, 'Bucket', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [
      { id: 'AbortIncompleteUploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    removalPolicy,
  });
  return { table, bucket };
}
