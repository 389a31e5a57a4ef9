import { createHash, type Hash, randomBytes } from 'node:crypto';
import type { ArrivedRequest } from './arrived-request.ts';
import { unchunked } from './aws-chunked.ts';
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumAlgorithm,
  startChecksum,
  statedChecksum,
} from './checksum.ts';
import type { Keeping, KeptBytes } from './kept-bytes.ts';
import { S3Error } from './s3-error.ts';

/** The largest object of one PutObject and the largest part, in bytes: 5 GiB. */
const largestBody = 5 * 2 ** 30;

/** A body whose every stated length and hash is right. */
export interface ReceivedBody {
  readonly bytes: KeptBytes;
  /** MD5 in base64; at random for large bodies that are not kept. */
  readonly md5: string;
  /** The checksum that the client stated and that was found right. */
  readonly checksum: Checksum | undefined;
}

/** Reads a body to its end and only then says what is wrong with it, as an S3Error. */
export async function receiveBody(
  request: ArrivedRequest,
  bodyHash: string,
  keeping: Keeping,
  fast: boolean,
): Promise<ReceivedBody> {
  const { headers } = request;
  const framed = isFramed(bodyHash);
  const expected = expectedSize(headers, framed);
  const stated = statedChecksum(headers);
  const trailer = headers.get('x-amz-trailer')?.toLowerCase();
  const algorithm = stated?.algorithm ?? trailingAlgorithm(trailer);
  const checksum = algorithm === undefined ? undefined : startChecksum(algorithm);
  const hash = /^[0-9a-f]{64}$/.test(bodyHash) ? createHash('sha256') : undefined;
  const wantsMd5 = !fast || headers.has('content-md5');
  const md5 = wantsMd5 ? createHash('md5') : undefined;
  const trailers = new Map<string, string>();
  let size = 0;
  try {
    const body = framed ? unchunked(request.body, trailers) : request.body;
    for await (const piece of body) {
      size += piece.length;
      hash?.update(piece);
      md5?.update(piece);
      checksum?.update(piece);
      await keeping.add(piece);
    }
    if (size !== expected) {
      throw new S3Error('IncompleteBody', 'The body has not the length that was stated');
    }
    checkHash(hash, bodyHash);
    const digest = md5?.digest('base64') ?? randomBytes(16).toString('base64');
    checkMd5(headers.get('content-md5'), digest);
    const sent = stated?.value ?? (trailer === undefined ? undefined : trailers.get(trailer));
    const verified = checkedChecksum(algorithm, checksum?.value(), sent);
    return { bytes: await keeping.done(), md5: digest, checksum: verified };
  } catch (error) {
    await keeping.drop();
    throw error;
  }
}

/** Whether the body is in `aws-chunked`; signed chunks are not understood here. */
function isFramed(bodyHash: string): boolean {
  if (bodyHash === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return true;
  if (bodyHash === 'UNSIGNED-PAYLOAD' || /^[0-9a-f]{64}$/.test(bodyHash)) return false;
  if (bodyHash.startsWith('STREAMING-')) {
    throw new S3Error('NotImplemented', 'This server does not check the signatures of chunks');
  }
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a valid sha256 value.',
  );
}

function expectedSize(headers: ReadonlyMap<string, string>, framed: boolean): number {
  const length = headers.get(framed ? 'x-amz-decoded-content-length' : 'content-length');
  if (length === undefined) {
    if (!framed && headers.has('transfer-encoding')) {
      throw new S3Error(
        'NotImplemented',
        'A header you provided implies functionality that is not implemented: Transfer-Encoding',
      );
    }
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  const size = Number(length);
  if (!Number.isInteger(size) || size < 0) throw new S3Error('InvalidArgument', 'Bad length');
  if (size > largestBody) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  return size;
}

function trailingAlgorithm(trailer: string | undefined): ChecksumAlgorithm | undefined {
  if (trailer === undefined) return undefined;
  const [, name] = /^x-amz-checksum-(\w+)$/.exec(trailer) ?? [];
  if (name !== undefined) return checksumAlgorithm(name);
  throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is invalid');
}

function checkHash(hash: Hash | undefined, bodyHash: string): void {
  if (hash === undefined || hash.digest('hex') === bodyHash) return;
  throw new S3Error(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
}

function checkMd5(stated: string | undefined, computed: string): void {
  if (stated === undefined) return;
  if (Buffer.from(stated, 'base64').length !== 16) {
    throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  if (stated !== computed) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function checkedChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  computed: string | undefined,
  sent: string | undefined,
): Checksum | undefined {
  if (algorithm === undefined || computed === undefined) return undefined;
  if (sent === undefined) {
    throw new S3Error('InvalidRequest', 'The trailer that was announced did not come');
  }
  if (sent === computed) return { algorithm, value: computed };
  throw new S3Error(
    'BadDigest',
    `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
  );
}
