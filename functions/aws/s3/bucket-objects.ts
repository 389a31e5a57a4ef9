import type { BucketObjects } from './bucket.ts';
import { ObjectClient, type ObjectClientOptions } from './object-client.ts';
import { errorOfAnswer } from './object-exchange.ts';
import { refusedAs } from './publish.ts';
import { S3Error } from './s3-error.ts';

/** The objects of a bucket: what every fill needs, and so without the SDK. */
export function openBucketObjects(options: ObjectClientOptions): BucketObjects {
  const client = new ObjectClient(options);

  async function remove(key: string): Promise<void> {
    const operation = 'DeleteObject';
    const answer = await client.ask({ operation, method: 'DELETE', key });
    const isGone = [200, 204, 404].includes(answer.status);
    if (!isGone) throw errorOfAnswer(operation, answer);
  }

  return {
    async head(key, signal) {
      const operation = 'HeadObject';
      const answer = await client.ask({ operation, method: 'HEAD', key, signal });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw errorOfAnswer(operation, answer);
      const { 'content-length': size, 'last-modified': modified = '' } = answer.headers;
      return { key, size: Number(size ?? 0), modified: Date.parse(modified) || 0 };
    },

    async put(key, bytes, { size, sha256 }, signal) {
      const operation = 'PutObject';
      const headers = {
        'content-type': 'application/octet-stream',
        'if-none-match': '*',
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
      };
      const body = { bytes, size, sha256 };
      const answer = await client.ask({ operation, method: 'PUT', key, headers, body, signal });
      if (answer.status !== 200) return refusedAs(errorOfAnswer(operation, answer));
      if (answer.headers['x-amz-checksum-sha256'] !== undefined) return { kind: 'published' };
      // This service is not Amazon's, and took the bytes without a look at them.
      await remove(key);
      throw new S3Error(operation, 'ChecksumNotVerified', undefined);
    },

    delete: remove,
    close: () => client.close(),
  };
}
