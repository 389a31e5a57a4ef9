import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import type { ArrivedRequest } from './arrived-request.ts';
import { Refusal } from './refusal.ts';

/** What becomes of the bytes of a body over a mebibyte: kept, or only checked. */
export type Keep = 'all' | 'discard-large';

/** A checksum, in base64. S3 knows more; the mirror sends these two. */
export interface Checksum {
  readonly algorithm: 'crc32' | 'sha256';
  readonly value: string;
}

/** A body whose stated length and hashes are right. */
export interface Body {
  readonly size: number;
  /** undefined where they were not kept. */
  readonly bytes: Buffer | undefined;
  /** The checksum that the client stated. */
  readonly checksum: Checksum | undefined;
}

const largestDiscarding = 1 << 20;

/** Reads a body to its end and then says what is wrong with it, as a Refusal. `took` gets each size. */
export async function receive(
  message: IncomingMessage,
  { headers }: ArrivedRequest,
  bodyHash: string,
  keep: Keep,
  took: (bytes: number) => void,
): Promise<Body> {
  if (headers.has('transfer-encoding')) {
    throw new Refusal('NotImplemented', 'Transfer-Encoding is not implemented');
  }
  const expected = Number(headers.get('content-length') ?? 0);
  const isSigned = /^[0-9a-f]{64}$/.test(bodyHash);
  if (!isSigned && bodyHash !== 'UNSIGNED-PAYLOAD') {
    throw new Refusal('NotImplemented', `The body ${bodyHash} is not known here`);
  }
  const stated = statedChecksum(headers);
  const sha256 = isSigned || stated?.algorithm === 'sha256' ? createHash('sha256') : undefined;
  const isKept = keep === 'all' || expected <= largestDiscarding;
  const pieces: Buffer[] = [];
  let crc = 0;
  let size = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    took(piece.length);
    size += piece.length;
    sha256?.update(piece);
    if (stated?.algorithm === 'crc32') crc = crc32(piece, crc);
    if (isKept) pieces.push(piece);
  }
  if (size !== expected) throw new Refusal('IncompleteBody', 'The body has another length');
  const hash = sha256?.digest();
  if (isSigned && hash?.toString('hex') !== bodyHash) {
    throw new Refusal('XAmzContentSHA256Mismatch', 'The SHA-256 of the body is another one.');
  }
  const computed = stated?.algorithm === 'crc32' ? crcText(crc) : hash?.toString('base64');
  if (stated !== undefined && stated.value !== computed) {
    throw new Refusal('BadDigest', `The ${stated.algorithm} of the body is another one.`);
  }
  return { size, bytes: isKept ? Buffer.concat(pieces) : undefined, checksum: stated };
}

/** The CRC-32 of the CRC-32s of parts. */
export function compositeCrc(parts: readonly string[]): string {
  return crcText(crc32(Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')))));
}

/** A checksum as headers of an answer. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum === undefined ? {} : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value };
}

function statedChecksum(headers: ReadonlyMap<string, string>): Checksum | undefined {
  for (const [algorithm, length] of [
    ['crc32', 4],
    ['sha256', 32],
  ] as const) {
    const value = headers.get(`x-amz-checksum-${algorithm}`);
    if (value === undefined) continue;
    if (Buffer.from(value, 'base64').length === length) return { algorithm, value };
    throw new Refusal('InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`);
  }
  return undefined;
}

function crcText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
