/**
 * List prices in US dollars, us-east-1, as of 2026-11, for the estimate on the dashboard. Other
 * regions differ by up to a third; the free tier and traffic are not in them.
 */
export const prices = {
  date: '2026-11',
  /** For each request of a function. */
  lambdaRequest: 0.2 / 1e6,
  /** For each GB and second of a function on arm64. */
  lambdaGigabyteSecond: 0.0000133334,
  /** For each unit of on-demand reads: up to 4 KB. */
  dynamodbRead: 0.125 / 1e6,
  /** For each unit of on-demand writes: up to 1 KB. */
  dynamodbWrite: 0.625 / 1e6,
  /** For each GB and month of S3 Standard. */
  s3GigabyteMonth: 0.023,
  /** For each request to SQS; a message takes about three. */
  sqsRequest: 0.4 / 1e6,
  /** For each GB of logs taken in. */
  logGigabyte: 0.5,
} as const;
