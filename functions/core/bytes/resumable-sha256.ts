import { toHex } from './byte-array.ts';

/** The round constants (FIPS 180-4 §4.2.2). */
const constants = fractionsOfRoots(64, Math.cbrt);

/** The first hash value (FIPS 180-4 §5.3.3). */
const firstState: Int32Array = fractionsOfRoots(8, Math.sqrt);

const blockBytes = 64;

/** Shared by all hashes, because compressing a block is synchronous. */
const schedule = new Int32Array(64);

/**
 * Compresses the 64 bytes at `at` into the state (FIPS 180-4 §6.2.2).
 *
 * Eight rounds are unrolled so that the variables rotate by name and not by assignment: a third
 * faster than a loop of single rounds.
 */
function compressBlock(state: Int32Array, input: DataView, at: number): void {
  const k = constants;
  const w = schedule;
  for (let t = 0; t < 16; t++) w[t] = input.getInt32(at + 4 * t);
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] as number;
    const y = w[t - 2] as number;
    const first = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const second = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = ((w[t - 16] as number) + first + (w[t - 7] as number) + second) | 0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  // biome-ignore format: one round is one line
  for (let t = 0; t < 64; t += 8) {
    h = (h + sum1(e) + (g ^ e & (f ^ g)) + (k[t] as number) + (w[t] as number)) | 0; d = (d + h) | 0; h = (h + sum0(a) + (a & b ^ c & (a ^ b))) | 0;
    g = (g + sum1(d) + (f ^ d & (e ^ f)) + (k[t + 1] as number) + (w[t + 1] as number)) | 0; c = (c + g) | 0; g = (g + sum0(h) + (h & a ^ b & (h ^ a))) | 0;
    f = (f + sum1(c) + (e ^ c & (d ^ e)) + (k[t + 2] as number) + (w[t + 2] as number)) | 0; b = (b + f) | 0; f = (f + sum0(g) + (g & h ^ a & (g ^ h))) | 0;
    e = (e + sum1(b) + (d ^ b & (c ^ d)) + (k[t + 3] as number) + (w[t + 3] as number)) | 0; a = (a + e) | 0; e = (e + sum0(f) + (f & g ^ h & (f ^ g))) | 0;
    d = (d + sum1(a) + (c ^ a & (b ^ c)) + (k[t + 4] as number) + (w[t + 4] as number)) | 0; h = (h + d) | 0; d = (d + sum0(e) + (e & f ^ g & (e ^ f))) | 0;
    c = (c + sum1(h) + (b ^ h & (a ^ b)) + (k[t + 5] as number) + (w[t + 5] as number)) | 0; g = (g + c) | 0; c = (c + sum0(d) + (d & e ^ f & (d ^ e))) | 0;
    b = (b + sum1(g) + (a ^ g & (h ^ a)) + (k[t + 6] as number) + (w[t + 6] as number)) | 0; f = (f + b) | 0; b = (b + sum0(c) + (c & d ^ e & (c ^ d))) | 0;
    a = (a + sum1(f) + (h ^ f & (g ^ h)) + (k[t + 7] as number) + (w[t + 7] as number)) | 0; e = (e + a) | 0; a = (a + sum0(b) + (b & c ^ d & (b ^ c))) | 0;
  }
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
  state[4] = ((state[4] as number) + e) | 0;
  state[5] = ((state[5] as number) + f) | 0;
  state[6] = ((state[6] as number) + g) | 0;
  state[7] = ((state[7] as number) + h) | 0;
}

/** Σ1 of FIPS 180-4 §4.1.2. */
function sum1(x: number): number {
  return ((x >>> 6) | (x << 26)) ^ ((x >>> 11) | (x << 21)) ^ ((x >>> 25) | (x << 7));
}

/** Σ0 of FIPS 180-4 §4.1.2. */
function sum0(x: number): number {
  return ((x >>> 2) | (x << 30)) ^ ((x >>> 13) | (x << 19)) ^ ((x >>> 22) | (x << 10));
}

/** The first 32 bits of the fractional parts of the roots of the first `count` primes. */
function fractionsOfRoots(count: number, root: (prime: number) => number): Int32Array {
  const fractions = new Int32Array(count);
  let prime = 2;
  for (let at = 0; at < count; prime++) {
    if (!isPrime(prime)) continue;
    // The array keeps the last 32 bits, without the whole part.
    fractions[at] = Math.floor(root(prime) * 2 ** 32);
    at += 1;
  }
  return fractions;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}

/** Eight words of state and two of length. The bytes of an incomplete block follow them. */
const savedBytes = 40;

/** Change it with the format: puts paused by an older release then start over. */
const version = '1:';

/**
 * SHA-256 whose state can be saved and restored by another process, for blobs that one process may
 * not live long enough to hash. Neither Web Crypto nor node:crypto can do this; functions/README.md,
 * "What is ours, and why", compares hash-wasm.
 */
export class ResumableSha256 {
  readonly #state = Int32Array.from(firstState);
  readonly #pending = new Uint8Array(blockBytes);
  readonly #pendingView = new DataView(this.#pending.buffer);
  #length = 0;

  /** Restores what `save` returned; undefined for anything else, such as another version's state. */
  static restore(text: string): ResumableSha256 | undefined {
    if (!text.startsWith(version)) return undefined;
    const hex = text.slice(version.length);
    if (!/^(?:[0-9a-f]{2}){40,103}$/.test(hex)) return undefined;
    const pairs = hex.match(/../g) ?? [];
    const bytes = Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
    const view = new DataView(bytes.buffer);
    const hash = new ResumableSha256();
    for (let word = 0; word < 8; word++) hash.#state[word] = view.getInt32(word * 4);
    hash.#length = view.getUint32(32) * 2 ** 32 + view.getUint32(36);
    const pending = bytes.subarray(savedBytes);
    if (pending.length !== hash.#length % blockBytes) return undefined;
    hash.#pending.set(pending);
    return hash;
  }

  /** The number of bytes hashed so far. */
  get length(): number {
    return this.#length;
  }

  /** The state as text of at most 208 characters. Hashing may go on afterwards. */
  save(): string {
    const bytes = new Uint8Array(savedBytes + (this.#length % blockBytes));
    const view = new DataView(bytes.buffer);
    this.#state.forEach((word, at) => {
      view.setInt32(at * 4, word);
    });
    view.setUint32(32, Math.floor(this.#length / 2 ** 32));
    view.setUint32(36, this.#length % 2 ** 32);
    bytes.set(this.#pending.subarray(0, this.#length % blockBytes), savedBytes);
    return version + toHex(bytes);
  }

  update(bytes: Uint8Array): void {
    const pending = this.#length % blockBytes;
    this.#length += bytes.length;
    let at = 0;
    if (pending > 0) {
      at = Math.min(blockBytes - pending, bytes.length);
      this.#pending.set(bytes.subarray(0, at), pending);
      if (pending + at < blockBytes) return;
      compressBlock(this.#state, this.#pendingView, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + blockBytes <= bytes.length; at += blockBytes) compressBlock(this.#state, view, at);
    this.#pending.set(bytes.subarray(at));
  }

  /** The hash in lower-case hex. Ends the hash: call it once. */
  hex(): string {
    const length = this.#length;
    // A one bit, zeros up to 8 bytes before a block's end, the length in bits (FIPS 180-4 §5.1.1).
    const zeros = (2 * blockBytes - 9 - (length % blockBytes)) % blockBytes;
    const padding = new Uint8Array(1 + zeros + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(1 + zeros, Math.floor(length / 2 ** 29));
    view.setUint32(5 + zeros, (length % 2 ** 29) * 8);
    this.update(padding);
    const bytes = new Uint8Array(32);
    const result = new DataView(bytes.buffer);
    this.#state.forEach((word, at) => {
      result.setInt32(at * 4, word);
    });
    return toHex(bytes);
  }
}
