/**
 * What workerd's `nodejs_compat` has of Node's crypto and is used here. Node's own types would bring
 * the whole of Node into the Worker's scope.
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
