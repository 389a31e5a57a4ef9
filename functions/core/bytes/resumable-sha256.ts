import { toHex } from './byte-array.ts';
import { blockBytes, compressBlock, firstState } from './sha256-block.ts';

/** A saved state: eight words of the hash, the length in two words, and the bytes of no whole block. */
const savedBytes = 40;

/**
 * SHA-256 whose state can be saved and gone on from by another process, which neither Web Crypto
 * nor node:crypto can do. It is several times slower than they are: for blobs that one process may
 * not live long enough to hash.
 */
export class ResumableSha256 {
  readonly #state = Int32Array.from(firstState);
  readonly #pending = new Uint8Array(blockBytes);
  readonly #pendingView = new DataView(this.#pending.buffer);
  #length = 0;

  /** Goes on from what `save` gave; undefined when the text is something else. */
  static restore(text: string): ResumableSha256 | undefined {
    if (!/^(?:[0-9a-f]{2}){40,103}$/.test(text)) return undefined;
    const pairs = text.match(/../g) ?? [];
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

  /** How many bytes came so far. */
  get length(): number {
    return this.#length;
  }

  /** The state as a text of at most 206 characters. More bytes may come afterwards. */
  save(): string {
    const bytes = new Uint8Array(savedBytes + (this.#length % blockBytes));
    const view = new DataView(bytes.buffer);
    this.#state.forEach((word, at) => {
      view.setInt32(at * 4, word);
    });
    view.setUint32(32, Math.floor(this.#length / 2 ** 32));
    view.setUint32(36, this.#length % 2 ** 32);
    bytes.set(this.#pending.subarray(0, this.#length % blockBytes), savedBytes);
    return toHex(bytes);
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

  /** Lower-case hex of all that came; called once. */
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
