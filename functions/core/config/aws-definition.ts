import * as z from 'zod/mini';
import { described, duration, flag, object, serverUrl, size, text, wait, word } from './values.ts';

const expectedBucket = 'the name of a bucket, 3 to 63 of a-z, 0-9 and "-": "pullfront-blobs"';

/** With a dot in its name a bucket's own host name has no valid certificate. */
const bucketPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

const endpoint = (service: string) =>
  z.optional(described(serverUrl, `The endpoint of ${service}, for tests and private networks.`));

/** What the store on AWS is made of. */
export const aws = object(
  {
    table: described(text('the name of a DynamoDB table'), 'The DynamoDB table of the index.'),
    bucket: described(
      text(expectedBucket, bucketPattern),
      'The S3 bucket of the blobs. No dots: its host name needs a valid certificate.',
    ),
    queue: described(serverUrl, 'The URL of the SQS queue of fills.'),
    deadLetterQueue: z.optional(
      described(
        serverUrl,
        'The URL of the SQS queue for fills that were given up, with the reason.',
      ),
    ),
    fills: described(
      z.prefault(word(['here', 'elsewhere'], '"here" or "elsewhere"'), 'here'),
      'Whether `pullfront serve` works on the queue of fills, or leaves that to the fill function.',
    ),
    region: z.optional(
      described(text('a region: "eu-central-1"'), 'AWS_REGION or AWS_DEFAULT_REGION when absent.'),
    ),
    endpoints: z.prefault(
      object(
        {
          dynamodb: endpoint('DynamoDB'),
          s3: endpoint('S3'),
          sqs: endpoint('SQS'),
          secretsManager: endpoint('Secrets Manager'),
        },
        'endpoints: {"s3": "http://127.0.0.1:9000"}',
      ),
      {},
    ),
    urlLife: duration('20m', 'How long a signed URL of a blob is valid, at most.'),
    dualStack: described(
      z.prefault(flag, false),
      'Whether signed URLs name the hosts that have IPv6 addresses as well.',
    ),
    fillWait: wait(
      '20s',
      'How long a client of the function waits for a blob whose upstream does not redirect; below 25s.',
    ),
    passThroughBytes: described(
      z.prefault(size, '4MB'),
      'Up to this size such a blob is passed through the function instead; 4.5 MB is the most.',
    ),
  },
  'aws: {"table": "pullfront", "bucket": "…", "queue": "https://…"}',
);
