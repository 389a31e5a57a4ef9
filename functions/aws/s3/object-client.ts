import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { emptyHash } from '../../core/signing/canonical-request.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import { backOff } from '../sdk/backoff.ts';
import { type BucketObjects, type ObjectBody, refusedAs, S3Error } from './bucket.ts';
import {
  errorOfAnswer,
  exchangeObject,
  type ObjectAnswer,
  type ObjectExchange,
} from './object-exchange.ts';
import { type BucketAddress, bucketUrl } from './object-url.ts';

const mostAttempts = 4;
const pauses = { first: 100 };

/** What is asked of the bucket about one object. */
export interface ObjectRequest {
  readonly operation: string;
  readonly method: ObjectExchange['method'];
  readonly key: string;
  /** To be signed as well; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    readonly bytes: ObjectBody;
    readonly size: number;
    /** In hex. */
    readonly sha256: string;
  };
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectClientOptions {
  readonly address: BucketAddress;
  /** Of the service `s3` in the bucket's region. */
  readonly signer: Pick<Signer, 'headers'>;
  /** A connection that is silent for so long is given up, in ms. */
  readonly longestSilence: number;
}

/** Signed requests for the objects of a bucket, without the SDK. */
export class ObjectClient {
  readonly #options: ObjectClientOptions;
  readonly #base: string;
  readonly #agent: HttpAgent | HttpsAgent;
  /** A kept connection may be closed already, which a body that comes once must not find out. */
  readonly #newConnections: HttpAgent | HttpsAgent;

  constructor(options: ObjectClientOptions) {
    this.#options = options;
    this.#base = bucketUrl(options.address);
    const Agent = this.#base.startsWith('http:') ? HttpAgent : HttpsAgent;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 32 });
    this.#newConnections = new Agent({ keepAlive: false });
  }

  /**
   * The answer, whatever its status. A request that S3 has no answer to, or for a while a bad one, is
   * made again, unless its body comes only once. Rejects with an S3Error.
   */
  async ask(request: ObjectRequest): Promise<ObjectAnswer> {
    const body = request.body?.bytes;
    const isOnce = body !== undefined && !(body instanceof Uint8Array);
    for (let attempt = 1; ; attempt++) {
      const mayRepeat = !isOnce && attempt < mostAttempts;
      try {
        const answer = await this.#exchange(request, isOnce);
        const isBad = answer.status >= 400 && errorOfAnswer(request.operation, answer).isPassing;
        if (!isBad || !mayRepeat) return answer;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!mayRepeat || !(error instanceof S3Error)) throw error;
      }
      await backOff(attempt, pauses, request.signal);
    }
  }

  /** Ends the connections. */
  close(): void {
    this.#agent.destroy();
    this.#newConnections.destroy();
  }

  async #exchange(
    { operation, method, key, headers = {}, body, signal }: ObjectRequest,
    isOnce: boolean,
  ): Promise<ObjectAnswer> {
    const { signer, longestSilence } = this.#options;
    const url = new URL(this.#base + key);
    const bodyHash = body?.sha256 ?? emptyHash;
    const signed = await signer.headers({ method, url, headers, bodyHash });
    const length = method === 'PUT' ? { 'content-length': body?.size ?? 0 } : {};
    return exchangeObject({
      operation,
      method,
      url,
      headers: { ...signed, ...length },
      body: body?.bytes,
      agent: isOnce ? this.#newConnections : this.#agent,
      longestSilence,
      signal,
    });
  }
}

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
