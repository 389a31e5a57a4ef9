import { isUtf8 } from 'node:buffer';

/** A body as a result of Lambda carries it. */
export interface SentBody {
  readonly body: string;
  readonly isBase64Encoded: boolean;
  /** Of what the client gets, in bytes. */
  readonly bytes: number;
}

/**
 * The longest body that fits into a result, in bytes: Lambda takes 6,291,556 bytes of JSON, and
 * base64 makes four bytes of three. The rest is for the headers.
 */
export const longestBody = 4_700_000;

/**
 * Up to this size, in bytes, text goes out as text. JSON writes a byte of text in up to six, which
 * a longer one could exceed the limit by; base64 always grows by a third.
 */
const longestText = 1_000_000;

const sent = new WeakMap<Uint8Array, SentBody>();

/**
 * Bytes as text when exactly these bytes come out of it again, else as base64. A byte order mark is
 * base64 as well: nobody promises that it passes through every decoder on the way.
 */
export function sentBytes(bytes: Uint8Array<ArrayBuffer>): SentBody {
  const known = sent.get(bytes);
  if (known !== undefined) return known;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isText = bytes.byteLength <= longestText && !hasMark(bytes) && isUtf8(bytes);
  const body = buffer.toString(isText ? 'utf8' : 'base64');
  const made = { body, isBase64Encoded: !isText, bytes: bytes.byteLength };
  // A manifest in memory is sent many times; its text is about as large as the manifest.
  if (bytes.byteLength <= longestKept) sent.set(bytes, made);
  return made;
}

/** Texts of larger bodies are not kept, in bytes: few are, and they would double the memory. */
const longestKept = 64 * 1024;

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
