import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from './s3-error.ts';

/** The checksums that this server computes; S3 knows CRC64NVME as well. */
const algorithms = ['crc32', 'crc32c', 'sha1', 'sha256'] as const;

/** The name of a checksum, as in `x-amz-checksum-<name>`. */
export type ChecksumAlgorithm = (typeof algorithms)[number];

/** A checksum of bytes as they come. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** In base64, as S3 writes it; called once. */
  value(): string;
}

/** A checksum, its value in base64. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/** The algorithm that a header names, in any case. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm {
  const found = algorithms.find((one) => one === name.toLowerCase());
  if (found !== undefined) return found;
  throw new S3Error('NotImplemented', `This server does not compute the checksum ${name}`);
}

/** The one checksum that a request carries in its headers. */
export function statedChecksum(headers: ReadonlyMap<string, string>): Checksum | undefined {
  const found: Checksum[] = [];
  for (const [header, value] of headers) {
    const [, name = ''] = /^x-amz-checksum-(\w+)$/.exec(header) ?? [];
    if (name === '' || ['algorithm', 'mode', 'type'].includes(name)) continue;
    found.push({ algorithm: checksumAlgorithm(name), value });
  }
  if (found.length > 1) {
    throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header');
  }
  const [stated] = found;
  if (stated !== undefined && !isWellFormed(stated)) {
    throw new S3Error(
      'InvalidRequest',
      `Value for x-amz-checksum-${stated.algorithm} header is invalid.`,
    );
  }
  return stated;
}

/** Begins a checksum. */
export function startChecksum(algorithm: ChecksumAlgorithm | 'md5'): RunningChecksum {
  if (algorithm === 'crc32') return runningCrc((bytes, before) => crc32(bytes, before));
  if (algorithm === 'crc32c') return runningCrc(crc32c);
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), value: () => hash.digest('base64') };
}

/** The checksum of checksums that a multipart object has, without its `-<parts>`. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm | 'md5',
  parts: readonly string[],
): string {
  const whole = startChecksum(algorithm);
  for (const part of parts) whole.update(Buffer.from(part, 'base64'));
  return whole.value();
}

function isWellFormed({ algorithm, value }: Checksum): boolean {
  const bytes = { crc32: 4, crc32c: 4, sha1: 20, sha256: 32 }[algorithm];
  const decoded = Buffer.from(value, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === value;
}

function runningCrc(next: (bytes: Uint8Array, before: number) => number): RunningChecksum {
  let crc = 0;
  return {
    update(bytes) {
      crc = next(bytes, crc);
    },
    value() {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(crc >>> 0);
      return out.toString('base64');
    },
  };
}

/** Castagnoli's polynomial, reflected. */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Uint8Array, before: number): number {
  let crc = ~before >>> 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 255] ?? 0);
  return ~crc >>> 0;
}
