import { describe, expect, test } from 'vitest';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import { emptyHash } from '../../../../functions/core/signing/canonical-request.ts';
import type { AwsCredentials } from '../../../../functions/core/signing/credentials.ts';
import { createSigner } from '../../../../functions/core/signing/presigner.ts';

/** The credentials of AWS's documentation: they open nothing. */
const documented: AwsCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const ofSuite: AwsCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

function signerAt(time: string, service: string, credentials: AwsCredentials) {
  return createSigner({
    region: 'us-east-1',
    service,
    credentials: () => credentials,
    now: () => Date.parse(time),
    hashing: nodeHashing,
  });
}

async function signatureOf(
  signer: ReturnType<typeof signerAt>,
  request: Parameters<ReturnType<typeof signerAt>['headers']>[0],
): Promise<string | undefined> {
  const headers = await signer.headers(request);
  return headers.authorization?.split('Signature=')[1];
}

describe('the examples of the S3 API reference, "Authenticating Requests"', () => {
  const signer = signerAt('2013-05-24T00:00:00Z', 's3', documented);
  const bucket = 'https://examplebucket.s3.amazonaws.com';

  test('a presigned GET of an object', async () => {
    const url = new URL('/test.txt', bucket);
    const signed = await signer.presign({ method: 'GET', url, lifeSeconds: 86400 });
    expect(signed).toEqual({
      url: 'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      expires: Date.parse('2013-05-25T00:00:00Z'),
    });
  });

  test.each([
    {
      what: 'GET an object, a range of it',
      method: 'GET',
      path: '/test.txt',
      headers: { range: 'bytes=0-9' },
      bodyHash: emptyHash,
      signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    {
      what: 'PUT an object, with a character to be encoded',
      method: 'PUT',
      path: '/test$file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      bodyHash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    },
    {
      what: 'GET the lifecycle of a bucket: a parameter without value',
      method: 'GET',
      path: '/?lifecycle',
      headers: {},
      bodyHash: emptyHash,
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
    {
      what: 'GET a list of objects',
      method: 'GET',
      path: '/?max-keys=2&prefix=J',
      headers: {},
      bodyHash: emptyHash,
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ])('$what', async ({ method, path, headers, bodyHash, signature }) => {
    const request = { method, url: new URL(path, bucket), headers, bodyHash };
    expect(await signatureOf(signer, request)).toBe(signature);
  });
});

describe("AWS's Signature Version 4 test suite", () => {
  const signer = signerAt('2015-08-30T12:36:00Z', 'service', ofSuite);

  test.each([
    [
      'get-vanilla',
      'GET',
      '/',
      {},
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      {},
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'post-vanilla',
      'POST',
      '/',
      {},
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
  ])('%s', async (_, method, path, headers, signature) => {
    const url = new URL(path, 'https://example.amazonaws.com');
    const request = { method, url, headers, bodyHash: emptyHash };
    expect(await signatureOf(signer, request)).toBe(signature);
  });

  test('the ListUsers example of the IAM guide', async () => {
    const iam = signerAt('2015-08-30T12:36:00Z', 'iam', { ...ofSuite });
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const url = new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08');
    const request = { method: 'GET', url, headers, bodyHash: emptyHash };
    expect(await signatureOf(iam, request)).toBe(
      '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });
});
