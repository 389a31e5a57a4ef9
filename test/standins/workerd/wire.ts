/** A call of a port in a Worker. */
export interface Call {
  /** Instances have memories of their own over the same bindings. */
  readonly instance: number;
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** The clock of the leases and of the blobs, in ms since 1970; the real one unless said. */
  readonly now?: number | undefined;
}

/** A put in a Worker: the source's bytes are fetched from where the test is. */
export interface PutCall {
  readonly instance: number;
  readonly blob: { readonly digest: string; readonly size?: number | undefined };
  readonly progress?: string | undefined;
  readonly pauseAt?: number | undefined;
  /** Where the source is served. */
  readonly source: string;
  /** Where a request ends when the put is aborted, with the reason; undefined: it never is. */
  readonly abort?: string | undefined;
}

/** A statement for D1. */
export interface SqlText {
  readonly sql: string;
  readonly values?: readonly unknown[];
}

/** An object of the bucket. */
export interface StoredObject {
  readonly key: string;
  /** Hex. */
  readonly sha256: string | undefined;
}

/** What became of a call. */
export type Reply =
  | { readonly value?: unknown }
  | { readonly error: string; readonly name: string };

/** What a Worker's put says when its source broke: the test knows with which error. */
export const sourceFailed = 'the source of the test failed';

/** Values with bytes and maps in them as JSON. */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return { $map: [...part] };
    return part instanceof Uint8Array ? { $bytes: base64(part) } : part;
  });
}

/** Reads what `toWire` wrote. */
export function fromWire(text: string) {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    if ('$map' in part) return new Map(part.$map as [unknown, unknown][]);
    if (!('$bytes' in part)) return part;
    return bytesOfBase64(String(part.$bytes));
  });
}

function bytesOfBase64(encoded: string): Uint8Array {
  const text = atob(encoded);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.byteLength; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}
