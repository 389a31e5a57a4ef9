import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import type { LargeManifests } from '../dynamodb/manifest-item.ts';
import { nodeHashing } from '../sdk/aws-credentials.ts';
import { ObjectClient } from './object-client.ts';
import { errorOfAnswer } from './object-exchange.ts';
import { type BucketAddress, manifestKey } from './object-url.ts';

/** Of silence, in ms: a client waits. */
const longestSilence = 5000;

/** Manifests that do not fit into the index, as objects of the bucket, without the SDK. */
export class S3LargeManifests implements LargeManifests {
  readonly #client: ObjectClient;

  /** The signer is of the service `s3` in the bucket's region. */
  constructor(options: {
    readonly address: BucketAddress;
    readonly signer: Pick<Signer, 'headers'>;
  }) {
    this.#client = new ObjectClient({ ...options, longestSilence });
  }

  /** S3 is told the SHA-256 of the bytes, and refuses others. */
  async put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const operation = 'PutObject';
    const isSha256 = algorithmOf(digest) === 'sha256';
    const sha256 = isSha256 ? encodedOf(digest) : nodeHashing.sha256Hex(bytes);
    const body = { bytes, size: bytes.byteLength, sha256 };
    const key = manifestKey(digest);
    const answer = await this.#client.ask({ operation, method: 'PUT', key, body });
    if (answer.status !== 200) throw errorOfAnswer(operation, answer);
  }

  async get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const operation = 'GetObject';
    const answer = await this.#client.ask({ operation, method: 'GET', key: manifestKey(digest) });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw errorOfAnswer(operation, answer);
    return new Uint8Array(answer.body);
  }

  async delete(digest: Digest): Promise<void> {
    const operation = 'DeleteObject';
    const key = manifestKey(digest);
    const answer = await this.#client.ask({ operation, method: 'DELETE', key });
    const isGone = [200, 204, 404].includes(answer.status);
    if (!isGone) throw errorOfAnswer(operation, answer);
  }

  /** Ends the connections. */
  close(): void {
    this.#client.close();
  }
}
