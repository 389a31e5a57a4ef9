import { Duration, type IResolvable, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type CfnTable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';

/** Where everything is kept. */
export interface Data {
  readonly table: Table;
  readonly bucket: Bucket;
}

/** What becomes of the data. */
export interface DataChoices {
  /** Deletes both with the stack. */
  readonly removeData: boolean;
  /** Whether DynamoDB refuses to delete the table, whoever asks. */
  readonly deletionProtection: boolean | IResolvable;
}

/**
 * The table of the index and the bucket of the blobs. Both stay when the stack is deleted, unless
 * `removeData`; a deployment that fails removes those that it made itself, which are empty. A
 * protected table could not be removed then, so protection is for a later deployment. CloudFormation names the bucket after the stack and itself, so its name has no dot: a
 * dot would leave its host name without a valid certificate.
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
  // Table itself takes no parameter of a template here.
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
