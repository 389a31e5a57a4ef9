import { count, duration, flag, object, serverUrl, size, text, wait, word } from './values.ts';

/** A bucket with a dot in its name has no valid certificate for its own host name. */
const bucketPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

const endpoint = (service: string) =>
  serverUrl.optional().describe(`Endpoint of ${service}, for tests and private networks.`);

/** The `aws` section. */
export const aws = object(
  {
    table: text('the name of a DynamoDB table').describe('DynamoDB table for the index.'),
    bucket: text(
      'the name of a bucket, 3 to 63 of a-z, 0-9 and "-", such as "pullfront-blobs"',
      bucketPattern,
    ).describe('S3 bucket for the blobs. No dots: its host name needs a valid certificate.'),
    queue: serverUrl.describe('URL of the SQS queue of fills.'),
    deadLetterQueue: serverUrl
      .optional()
      .describe('URL of the SQS queue for fills that were given up, with the reason.'),
    fills: word('here', 'elsewhere')
      .prefault('here')
      .describe(
        'Whether `pullfront serve` works on the queue of fills, or leaves it to the fill function.',
      ),
    region: text('a region such as "eu-central-1"')
      .optional()
      .describe('Default: AWS_REGION or AWS_DEFAULT_REGION.'),
    endpoints: object(
      {
        dynamodb: endpoint('DynamoDB'),
        s3: endpoint('S3'),
        sqs: endpoint('SQS'),
        secretsManager: endpoint('Secrets Manager'),
      },
      'an object such as {"s3": "http://127.0.0.1:9000"}',
    ).prefault({}),
    urlLife: duration.prefault('20m').describe('Longest validity of a signed URL of a blob.'),
    dualStack: flag
      .prefault(false)
      .describe('Whether signed URLs use the host names that also have IPv6 addresses.'),
    fillConcurrency: count(1, 5)
      .prefault(5)
      .describe('How many fills the fill function runs at once; the deployment sets it.'),
    fillWait: wait
      .prefault('20s')
      .describe(
        'How long a client of the pull function waits for a blob to be stored if its upstream does not redirect. Keep it below 25s.',
      ),
    passThroughBytes: size
      .prefault('4MB')
      .describe(
        'Such blobs up to this size pass through the function instead, without waiting. At most 4.5 MB.',
      ),
  },
  'an object such as {"table": "pullfront", "bucket": "…", "queue": "https://…"}',
);
