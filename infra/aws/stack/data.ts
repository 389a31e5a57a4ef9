import { Duration, type IResolvable, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type CfnTable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';

export interface Data {
  readonly table: Table;
  readonly bucket: Bucket;
}

export interface DataChoices {
  /** Deletes the table and the bucket with the stack. */
  readonly removeData: boolean;
  /** Makes DynamoDB refuse to delete the table. */
  readonly deletionProtection: boolean | IResolvable;
}

/**
 * Adds the table for the index and the bucket for the blobs. Both outlive the stack, unless `removeData`
 * is set. A failed first deployment removes them, as they are empty. It could not remove a protected
 * table, so protection is for a later deployment. CloudFormation generates the bucket's name without
 * dots: with a dot, its host name would have no valid certificate.
 */
export function addData(stack: Stack, { removeData, deletionProtection }: DataChoices): Data {
  const removalPolicy = removeData
    ? RemovalPolicy.DESTROY
    : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'ttl',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
  });
  // The construct does not accept a template's parameter.
  (table.node.defaultChild as CfnTable).deletionProtectionEnabled = deletionProtection;
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
