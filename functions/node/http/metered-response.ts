import { type IncomingMessage, ServerResponse } from 'node:http';

type WriteCallback = (error: Error | null | undefined) => void;

/** A response that counts the bytes of a body written in pieces. */
export class MeteredResponse extends ServerResponse<IncomingMessage> {
  #sent = 0;

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const told = typeof encoding === 'function' ? encoding : callback;
    const length = chunk instanceof Uint8Array ? chunk.byteLength : 0;
    const taken: WriteCallback = (error) => {
      // A write that was cut off with its connection is reported as done too.
      if (!error && this.socket?.destroyed === false) this.#sent += length;
      told?.(error);
    };
    if (typeof encoding === 'string') return super.write(chunk, encoding, taken);
    return super.write(chunk, taken);
  }

  /** Bytes of the body that the system took: what a client that left never got is not counted. */
  get sentBytes(): number {
    return this.#sent;
  }
}
