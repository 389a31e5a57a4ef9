import { expect, test } from 'vitest';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import {
  canonicalParameters,
  canonicalPath,
  canonicalQuery,
} from '../../../../functions/core/signing/canonical-request.ts';
import { createSigner } from '../../../../functions/core/signing/presigner.ts';

/** The credentials of AWS's documentation: they open nothing. */
const documented = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

test('the presigned GET of the S3 API reference, "Authenticating Requests"', async () => {
  const signer = createSigner({
    region: 'us-east-1',
    credentials: () => documented,
    now: () => Date.parse('2013-05-24T00:00:00Z'),
    hashing: nodeHashing,
  });
  const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
  const signed = await signer.presign({ method: 'GET', url, lifeSeconds: 86400 });
  expect(signed).toEqual({
    url: 'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    expires: Date.parse('2013-05-25T00:00:00Z'),
  });
});

test.each([
  ['/blobs/sha256/ab.c~', '/blobs/sha256/ab.c~'],
  ['/test$file.text', '/test%24file.text'],
  ['/a%20b/(c)', '/a%20b/%28c%29'],
  ['/50%', '/50%25'],
])('the path %s is signed as %s', (path, canonical) => {
  expect(canonicalPath(path)).toBe(canonical);
});

test.each([
  ['', ''],
  ['?lifecycle', 'lifecycle='],
  ['?prefix=J&max-keys=2', 'max-keys=2&prefix=J'],
  ['?Param2=value2&Param1=value1', 'Param1=value1&Param2=value2'],
  ['?a=2&a=1', 'a=1&a=2'],
  ['?a=b+c&d=e%2Ff', 'a=b%20c&d=e%2Ff'],
])('the query %s is signed as %s', (search, canonical) => {
  expect(canonicalQuery(canonicalParameters(search))).toBe(canonical);
});
