import type { DigestAlgorithm } from '../oci/digest.ts';
import type { MirrorEvent } from './event.ts';

/** A hash of bytes that arrive in chunks. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; called once. */
  hex(): Promise<string> | string;
}

/** What the core needs of a platform besides its stores. */
export interface Runtime {
  /** Ms since 1970. */
  now(): number;
  /** Logs and counts an event. Neither throws nor waits. */
  observe(event: MirrorEvent): void;
  /**
   * Keeps the platform awake for work that outlives the request. The work must not reject. A platform that
   * freezes between requests does not freeze within `awake` ms while the work is running.
   */
  waitUntil(work: Promise<unknown>, awake?: number): void;
  /** Web Crypto cannot hash a stream, so the platform must. */
  createHash(algorithm: DigestAlgorithm): StreamingHash;
  /** Resolves after this many ms, but never before the event loop has turned. */
  sleep(milliseconds: number): Promise<void>;
  /** At least 0 and less than 1: for pauses that must differ between instances. */
  random(): number;
}
