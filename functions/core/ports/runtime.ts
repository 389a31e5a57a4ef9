import type { DigestAlgorithm } from '../oci/digest.ts';
import type { MirrorEvent } from './event.ts';

/** A hash that takes bytes as they come. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex of what came; called once. */
  hex(): Promise<string> | string;
}

/** What a platform lends the core besides its stores. */
export interface Runtime {
  /** Ms since 1970. */
  now(): number;
  /** Takes note of what happened: logs, metrics. Never throws, never waits. */
  observe(event: MirrorEvent): void;
  /** Keeps the platform awake for work that outlives the request. The work does not reject. */
  waitUntil(work: Promise<unknown>): void;
  /** Web Crypto hashes only what is whole in memory, so streams need the platform's own. */
  createHash(algorithm: DigestAlgorithm): StreamingHash;
  /** Resolves after so many ms, and also of 0 not before the event loop turned. */
  sleep(milliseconds: number): Promise<void>;
  /** From 0 to 1, and never 1: for pauses that must differ between instances. */
  random(): number;
}
