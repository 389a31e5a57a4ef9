import { createCipheriv, createHash } from 'node:crypto';

const zeros = Buffer.alloc(1 << 20);

/** Endless incompressible bytes, the same for the same seed, some 2 GB/s: AES-128-CTR over zeros. */
export function randomSource(seed: string | number): (size: number) => Buffer {
  const key = createHash('sha256').update(`pullfront:${seed}`).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  return (size) => {
    const out = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; at += zeros.length) {
      cipher.update(zeros.subarray(0, Math.min(zeros.length, size - at))).copy(out, at);
    }
    return out;
  };
}

/** `size` incompressible bytes, the same for the same seed. */
export function randomBytes(seed: string | number, size: number): Buffer {
  return randomSource(seed)(size);
}
