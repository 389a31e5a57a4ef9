import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import { emptyHash } from '../../core/signing/canonical-request.ts';
import type { Signer } from '../../core/signing/signer.ts';
import type { LargeManifests } from '../dynamodb/large-manifests.ts';
import { nodeHashing } from '../hashing.ts';
import { type BucketAddress, bucketUrl } from './bucket-url.ts';
import { errorOfAnswer, exchangeObject, type ObjectAnswer } from './object-exchange.ts';
import { manifestKey } from './object-key.ts';
import { S3Error } from './s3-error.ts';

const mostAttempts = 3;
const firstPause = 50;

type Method = 'GET' | 'PUT' | 'DELETE';

const operationOf = { GET: 'GetObject', PUT: 'PutObject', DELETE: 'DeleteObject' } as const;

/** Manifests that do not fit into the index, as objects of the bucket, without the SDK. */
export class S3LargeManifests implements LargeManifests {
  readonly #base: string;
  readonly #signer: Pick<Signer, 'headers'>;
  readonly #agent: HttpAgent | HttpsAgent;

  /** The signer is of the service `s3` in the bucket's region. */
  constructor({
    address,
    signer,
  }: {
    readonly address: BucketAddress;
    readonly signer: Pick<Signer, 'headers'>;
  }) {
    this.#base = bucketUrl(address);
    this.#signer = signer;
    const Agent = this.#base.startsWith('http:') ? HttpAgent : HttpsAgent;
    this.#agent = new Agent({ keepAlive: true });
  }

  /** S3 is told the SHA-256 of the bytes, and refuses others. */
  async put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const isSha256 = algorithmOf(digest) === 'sha256';
    const bodyHash = isSha256 ? encodedOf(digest) : nodeHashing.sha256Hex(bytes);
    const answer = await this.#ask('PUT', digest, bodyHash, bytes);
    if (answer.status !== 200) throw errorOfAnswer('PutObject', answer);
  }

  async get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const answer = await this.#ask('GET', digest, emptyHash);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw errorOfAnswer('GetObject', answer);
    return new Uint8Array(answer.body);
  }

  async delete(digest: Digest): Promise<void> {
    const answer = await this.#ask('DELETE', digest, emptyHash);
    const isGone = answer.status === 204 || answer.status === 200 || answer.status === 404;
    if (!isGone) throw errorOfAnswer('DeleteObject', answer);
  }

  /** Ends the connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** All three may be repeated: they end in the same. */
  async #ask(
    method: Method,
    digest: Digest,
    bodyHash: string,
    body?: Uint8Array,
  ): Promise<ObjectAnswer> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === mostAttempts;
      try {
        const answer = await this.#exchange(method, digest, bodyHash, body);
        if (isLast || (answer.status < 500 && answer.status !== 429)) return answer;
      } catch (error) {
        if (isLast || !(error instanceof S3Error)) throw error;
      }
      const pause = Math.random() * firstPause * 4 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #exchange(
    method: Method,
    digest: Digest,
    bodyHash: string,
    body?: Uint8Array,
  ): Promise<ObjectAnswer> {
    const url = new URL(this.#base + manifestKey(digest));
    const headers = await this.#signer.headers({ method, url, headers: {}, bodyHash });
    const sent = { method, url, headers, agent: this.#agent, operation: operationOf[method] };
    return exchangeObject(body === undefined ? sent : { ...sent, body });
  }
}
