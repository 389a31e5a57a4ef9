import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import {
  addressWith,
  type BucketAddress,
  bucketUrl,
} from '../../../../functions/aws/s3/object-url.ts';

/** One of each partition, and those whose names say least. */
const regions = [
  'us-east-1',
  'us-west-2',
  'eu-central-1',
  'ap-southeast-7',
  'mx-central-1',
  'il-central-1',
  'us-gov-east-1',
  'us-gov-west-1',
  'cn-north-1',
  'cn-northwest-1',
  'eusc-de-east-1',
  'us-iso-east-1',
  'us-iso-west-1',
  'us-isob-east-1',
  'us-isof-south-1',
  'us-isof-east-1',
  'eu-isoe-west-1',
  'eu-nowhere-9',
];

const forms = [
  {},
  { dualStack: true },
  { fips: true },
  { dualStack: true, fips: true },
  { endpoint: 'http://127.0.0.1:9000' },
  { endpoint: 'https://s3.example/under/' },
];

/** Where the SDK sends what it writes. */
function urlOfSdk({ bucket, region, endpoint, dualStack, fips }: BucketAddress): string {
  const { endpointProvider } = new S3Client({ region }).config;
  const { url } = endpointProvider({
    Bucket: bucket,
    Region: region,
    UseDualStack: dualStack === true,
    UseFIPS: fips === true,
    ForcePathStyle: endpoint !== undefined,
    ...(endpoint !== undefined && { Endpoint: endpoint }),
  });
  return url.href.replace(/\/*$/, '/');
}

describe("the URL of a bucket is that of the SDK's rules", () => {
  test.each(forms)('%j', (form) => {
    for (const region of regions) {
      const address = { bucket: 'pullfront-blobs', region, ...form };
      // In China S3 has no such hosts, and the SDK refuses to name one.
      const isRefused = form.fips === true && region.startsWith('cn-');
      if (!isRefused) expect(bucketUrl(address), region).toBe(urlOfSdk(address));
    }
  });
});

describe("the SDK's own variables", () => {
  const address = { bucket: 'pullfront-blobs', region: 'us-gov-west-1' };
  const inGov = (host: string) => `https://pullfront-blobs.${host}.us-gov-west-1.amazonaws.com/`;

  test.each([
    [{}, inGov('s3')],
    [{ AWS_USE_FIPS_ENDPOINT: 'true' }, inGov('s3-fips')],
    [{ AWS_USE_DUALSTACK_ENDPOINT: 'true' }, inGov('s3.dualstack')],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 'http://127.0.0.1:1/pullfront-blobs/'],
    [
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2' },
      'http://127.0.0.1:2/pullfront-blobs/',
    ],
    [
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      inGov('s3'),
    ],
  ])('%j', (environment, url) => {
    expect(bucketUrl(addressWith(address, environment))).toBe(url);
  });

  test('go behind the configuration', () => {
    const configured = { ...address, endpoint: 'http://127.0.0.1:3' };
    const found = addressWith(configured, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2' });
    expect(bucketUrl(found)).toBe('http://127.0.0.1:3/pullfront-blobs/');
  });
});
