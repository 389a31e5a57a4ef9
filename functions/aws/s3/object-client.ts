import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { emptyHash } from '../../core/signing/canonical-request.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import type { ObjectBody } from './bucket.ts';
import {
  errorOfAnswer,
  exchangeObject,
  type ObjectAnswer,
  type ObjectExchange,
} from './object-exchange.ts';
import { type BucketAddress, bucketUrl } from './object-url.ts';
import { S3Error } from './s3-error.ts';

const mostAttempts = 4;
const firstPause = 100;

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
      // Full jitter: instances that were refused together do not come back together.
      const pause = Math.random() * firstPause * 4 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, pause));
      request.signal?.throwIfAborted();
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
