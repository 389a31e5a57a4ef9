import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { nodeHashing as hashing } from '../../../functions/aws/sdk/aws-credentials.ts';
import { createSigner } from '../../../functions/core/signing/presigner.ts';
import { signedHeaders } from '../sdk-signer.ts';
import type { S3Credentials } from './authentication.ts';

/** How a request is signed; each absent value is the right one. */
export interface SignedAs {
  readonly kind: 'header' | 'query' | 'unsigned';
  readonly secretAccessKey?: string;
  readonly accessKeyId?: string;
  readonly region?: string;
  /** How far ahead of the time the client's clock is, in ms. */
  readonly ahead?: number;
  /** Of a URL, in seconds; default 60. */
  readonly life?: number;
}

/** A bucket somewhere. */
export interface BucketAddress {
  /** For path-style requests. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: S3Credentials;
}

/** A request before it is signed; the path is encoded. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** A request as it is sent. */
export interface SignedRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer, whole. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * Signs headers with the SDK's signer, and URLs with the mirror's own, so that server and signers
 * are checked against each other.
 */
export async function signed(
  { method, path, query, headers, body }: PlainRequest,
  address: BucketAddress,
  as: SignedAs,
): Promise<SignedRequest> {
  const url = new URL(`${address.endpoint}${path}${query === '' ? '' : `?${query}`}`);
  if (as.kind === 'unsigned') return { url, headers };
  const credentials = {
    ...address.credentials,
    ...(as.secretAccessKey !== undefined && { secretAccessKey: as.secretAccessKey }),
    ...(as.accessKeyId !== undefined && { accessKeyId: as.accessKeyId }),
  };
  const region = as.region ?? address.region;
  const now = () => Date.now() + (as.ahead ?? 0);
  if (as.kind === 'query') {
    const signer = createSigner({ region, credentials: () => credentials, now, hashing });
    const found = await signer.presign({ method, url, lifeSeconds: as.life ?? 60 });
    return { url: new URL(found.url), headers };
  }
  const time = new Date(now());
  const request = { service: 's3', region, credentials, method, url, headers, body, time } as const;
  return { url, headers: await signedHeaders(request) };
}

/** Sends a request as it is; without a Content-Length of its own the body goes in chunks. */
export function send(
  method: string,
  { url, headers }: SignedRequest,
  body: Buffer | undefined,
): Promise<Received> {
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => {
        const { statusCode = 0, headers: received } = answer;
        resolve({ status: statusCode, headers: received, body: Buffer.concat(pieces) });
      });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
