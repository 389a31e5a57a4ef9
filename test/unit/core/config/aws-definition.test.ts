import { expect, test } from 'vitest';
import { mistakes, parsed } from './parsing.ts';

const aws = {
  table: 'pullfront',
  bucket: 'pullfront-blobs',
  queue: 'https://sqs.eu-central-1.amazonaws.com/1/fills',
};

test('the store on AWS needs its table, bucket and queue, and fills in the rest', () => {
  expect(parsed({ store: 'aws', aws }).aws).toMatchObject({
    ...aws,
    queue: new URL(aws.queue),
    fills: 'here',
    endpoints: {},
    urlLife: 1_200_000,
    dualStack: false,
    fillWait: 20_000,
    passThroughBytes: 4_000_000,
  });
});

test('variables alone are enough', () => {
  const config = parsed(
    {},
    {
      PULLFRONT_STORE: 'aws',
      PULLFRONT_AWS_TABLE: 'pullfront',
      PULLFRONT_AWS_BUCKET: 'pullfront-blobs',
      PULLFRONT_AWS_QUEUE: aws.queue,
      PULLFRONT_AWS_DUAL_STACK: 'true',
      PULLFRONT_AWS_ENDPOINTS_S3: 'http://127.0.0.1:9000',
    },
  );
  expect(config.aws).toMatchObject({ table: 'pullfront', dualStack: true });
  expect(config.aws?.endpoints.s3?.href).toBe('http://127.0.0.1:9000/');
});

test('a blob that is not stored is redirected unless said otherwise, but on one machine', () => {
  const delivery = (json: object) => parsed(json).upstreams.get('docker.io')?.delivery;
  expect(delivery({})).toBe('stream');
  expect(delivery({ store: 'aws', aws })).toBe('redirect');
  const upstreams = { 'docker.io': { delivery: 'stream' } };
  expect(delivery({ store: 'aws', aws, upstreams })).toBe('stream');
});

test('the store on AWS needs its section', () => {
  expect(mistakes({ store: 'aws' })).toEqual([
    expect.stringMatching(/^aws: missing; "store": "aws" needs \{"table"/),
  ]);
  const paths = mistakes({ store: 'aws', aws: { bucket: 'with.dots' } }).map(
    (mistake) => mistake.split(':')[0],
  );
  expect(paths).toEqual(['aws.table', 'aws.bucket', 'aws.queue']);
});

test('a secret of Secrets Manager belongs to the store on AWS', () => {
  const credentials = { username: 'me', password: { secret: 'hub' } };
  const upstreams = { 'docker.io': { credentials } };
  expect(
    parsed({ store: 'aws', aws, upstreams }).upstreams.get('docker.io')?.credentials,
  ).toMatchObject(credentials);
  expect(mistakes({ upstreams })).toEqual([
    expect.stringMatching(
      /^upstreams\.docker\.io\.credentials\.password\.secret: secrets need "store": "aws"/,
    ),
  ]);
});
