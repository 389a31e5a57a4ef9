/**
 * The parts of `nodejs_compat` that are used here. Node's own types would allow all of Node in the
 * Worker.
 */
declare module 'node:crypto' {
  interface Hash {
    update(bytes: Uint8Array | string): this;
    digest(): Uint8Array<ArrayBuffer>;
    digest(encoding: 'hex'): string;
  }
  export function createHash(algorithm: string): Hash;
  export function createHmac(algorithm: string, key: Uint8Array | string): Hash;
}
